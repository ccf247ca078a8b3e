// SPDX-License-Identifier: GPL-2.0

//! The engine: which driver a device is to have, and how it gets it.
//!
//! [`rules`] say which override a device is to have, [`hotplug`] gives it to devices when they are
//! discovered, [`rebind`] moves devices from one driver to another. All share one [`Engine`].
//!
//! # Locks
//!
//! From the outside to the inside: sysfs or configfs; the claim on the devices of a transaction
//! ([`claim`]); the device lock, which the driver core takes; [`Engine`]'s table of rules and its
//! list of devices; a device's record ([`tracked`]). The driver core is never called with one of the
//! last three held.

#![deny(unsafe_code)]

pub(crate) mod claim;
pub(crate) mod driver_name;
pub(crate) mod engine;
pub(crate) mod extend;
mod facts;
pub(crate) mod group;
pub(crate) mod hotplug;
pub(crate) mod tracked;
pub(crate) mod outcome;
mod policy;
pub(crate) mod rebind;
mod report;
pub(crate) mod rules;

pub(crate) use engine::Engine;
pub(crate) use policy::ActiveRule;
