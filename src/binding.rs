// SPDX-License-Identifier: GPL-2.0

//! The engine: which driver a device is to have, and how it gets it.

#![deny(unsafe_code)]

pub(crate) mod driver_name;
pub(crate) mod rules;
