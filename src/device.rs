// SPDX-License-Identifier: GPL-2.0

//! Devices of tracked buses.
//!
//! [`watch`] follows a bus: what is added to it becomes a [`tracked::TrackedDevice`] in the [`list`],
//! and what is removed leaves the list again. The layer above decides what that means: it implements
//! [`watch::Handler`].
//!
//! Locks, from the outside to the inside: that of a device's files, that of the list, that of a
//! device's state or of its uevents. The driver core is called with none of the last three held.

#![deny(unsafe_code)]

pub(crate) mod identity;
pub(crate) mod list;
pub(crate) mod marks;
pub(crate) mod outcome;
pub(crate) mod override_source;
mod relatives;
pub(crate) mod status;
pub(crate) mod tracked;
pub(crate) mod usage;
pub(crate) mod watch;
