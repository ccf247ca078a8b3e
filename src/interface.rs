// SPDX-License-Identifier: GPL-2.0

//! The module parameters, and the files in sysfs and configfs, which are all that a user touches.
//!
//! Everything here parses, calls down and formats. What the user wrote becomes a type before any
//! other part of the module looks at it; there is no policy in this layer.

#![deny(unsafe_code)]

pub(crate) mod buses;
mod buses_param;
pub(crate) mod device_attrs;
mod identity;
pub(crate) mod params;
pub(crate) mod rules;
pub(crate) mod slots;
pub(crate) mod transaction_dev;
