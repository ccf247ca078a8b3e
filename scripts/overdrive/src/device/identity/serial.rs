// SPDX-License-Identifier: GPL-2.0

//! Serial numbers.

use std::fs;

use super::Device;
use crate::system::{System, parent};

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

/// Reads it from the configuration space, unless the device sleeps: reading would give ones.
fn pci(system: &System, device: &Device) -> Option<String> {
    /// The space that only PCI Express has begins here, with a list of capabilities.
    const EXTENDED: usize = 0x100;
    const SERIAL_NUMBER: u32 = 3;

    if system.line(&device.file("power_state")) == "D3cold" {
        return None;
    }
    let bytes = fs::read(system.at_root(&device.file("config"))).ok()?;
    let word = |at: usize| -> Option<u32> {
        let bytes = bytes.get(at..at + 4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    };
    let mut at = EXTENDED;
    // A list that leads in circles is left.
    for _ in 0..64 {
        let header = word(at)?;
        if header == 0 || header == u32::MAX {
            return None;
        }
        if header & 0xffff == SERIAL_NUMBER {
            let number = u64::from(word(at + 8)?) << 32 | u64::from(word(at + 4)?);
            return Some(format!("{number:016x}"));
        }
        at = (header >> 20) as usize & !3;
        if at < EXTENDED {
            return None;
        }
    }
    None
}
