// SPDX-License-Identifier: GPL-2.0

//! Serial numbers.

use super::Device;
use crate::{
    device::config_space::ConfigSpace,
    system::{System, parent},
};

/// Returns the PCIe Device Serial Number of a PCI device, or what a USB device claims.
pub(super) fn of(system: &System, device: &Device) -> Option<String> {
    let text = match device.bus.as_str() {
        "pci" => pci(system, device)?,
        "usb" => system
            .word(&device.file("serial"))
            .or_else(|| system.word(&format!("{}/serial", parent(&device.path))))?,
        _ => return None,
    };
    overdrive_rules::canonical("serial", &text).ok()
}

/// Reads it from the configuration space.
fn pci(system: &System, device: &Device) -> Option<String> {
    const SERIAL_NUMBER: u16 = 3;

    let space = ConfigSpace::read(system, &device.path)?;
    let at = space.extended_capability(SERIAL_NUMBER)?;
    let number = u64::from(space.word(at + 8)?) << 32 | u64::from(space.word(at + 4)?);
    Some(format!("{number:016x}"))
}
