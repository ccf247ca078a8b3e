// SPDX-License-Identifier: GPL-2.0

//! Watchdogs: one that runs resets the machine when nobody tells it that all is well.

use super::{Use, Users};
use crate::device::Device;

/// The number of `/dev/watchdog`, another file of the first one.
const FIRST: &str = "10:130";

/// Adds that a watchdog of the device runs, or that its other file is open.
pub(super) fn collect(users: &Users<'_>, device: &Device, uses: &mut Vec<Use>) {
    let system = users.system;
    for name in system.list(&device.file("watchdog")) {
        if name == "watchdog0" {
            users
                .open_files()
                .tell_number(system, FIRST, "watchdog", &name, uses);
        }
        if system.line(&device.file(&format!("watchdog/{name}/state"))) == "active" {
            uses.push(Use::new(format!(
                "{name} runs, and resets the machine when nobody tells it that all is well"
            )));
        }
    }
}
