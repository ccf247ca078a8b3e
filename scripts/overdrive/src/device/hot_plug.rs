// SPDX-License-Identifier: GPL-2.0

//! Devices that can be unplugged.

use super::Device;
use crate::system::{System, base};

const SLOTS: &str = "/sys/bus/pci/slots";

/// Returns `true` if the device can be unplugged while the machine runs: it is on USB, or it is, or is below, what a
/// slot of PCI has whose power can be switched.
pub fn is_in_slot(system: &System, device: &Device) -> bool {
    if device.bus == "usb" || system.line(&device.file("removable")) == "removable" {
        return true;
    }
    system
        .list(SLOTS)
        .into_iter()
        .filter(|slot| system.exists(&format!("{SLOTS}/{slot}/power")))
        .filter_map(|slot| system.word(&format!("{SLOTS}/{slot}/address")))
        .any(|place| {
            // Without the function: DDDD:BB:DD.
            let function = format!("{place}.");
            device
                .path
                .split('/')
                .any(|name| base(name).starts_with(&function))
        })
}
