// SPDX-License-Identifier: GPL-2.0

//! A running account of what becomes of devices and rules, made from the kernel's uevents and the rules' files.

mod devices;
mod event;
mod rules;
mod uevent;

pub use {
    devices::Devices,
    event::{Event, Kind},
    rules::Rules,
    uevent::{Heard, Uevent, Uevents},
};
