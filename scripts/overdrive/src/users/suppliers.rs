// SPDX-License-Identifier: GPL-2.0

//! Devices that lose their driver with the one of the device, because the kernel knows that they depend on it.

use super::Use;
use crate::{device::Device, system::System};

/// Adds the consumers of the device that have a driver.
pub(super) fn collect(system: &System, device: &Device, uses: &mut Vec<Use>) {
    for entry in system.list(&device.path) {
        let Some(consumer) = entry.strip_prefix("consumer:") else {
            continue;
        };
        // A link that the kernel does not track takes no driver away.
        if system.line(&device.file(&format!("{entry}/status"))) != "active" {
            continue;
        }
        let name = consumer.split_once(':').map_or(consumer, |(_, name)| name);
        uses.push(Use::new(format!(
            "{name} depends on it, and would lose its driver"
        )));
    }
}
