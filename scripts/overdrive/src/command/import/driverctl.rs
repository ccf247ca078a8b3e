// SPDX-License-Identifier: GPL-2.0

//! The files of driverctl: `/etc/driverctl.d/BUS-DEVICE`, with the driver's name as text.

use super::{Found, Wish};
use crate::{device::Device, system::System};

const FOLDER: &str = "/etc/driverctl.d";

/// Adds all devices that driverctl gives a driver.
pub(super) fn find(system: &System, found: &mut Found) {
    for name in system.list(FOLDER) {
        let file = format!("{FOLDER}/{name}");
        let driver = system.line(&file).trim().to_owned();
        // Names of buses can have a hyphen themselves.
        let path = name.match_indices('-').find_map(|(at, _)| {
            let (bus, device) = (&name[..at], &name[at + 1..]);
            system.follow(&format!("/sys/bus/{bus}/devices/{device}"))
        });
        match path {
            _ if driver.is_empty() => found.problems.push(format!("{file}: it names no driver")),
            None => found.problems.push(format!(
                "{file}: the device is not there, so that its identity is not known"
            )),
            Some(path) => found.wishes.push(Wish {
                device: Device::read(system, &path),
                driver,
                from: file,
            }),
        }
    }
}
