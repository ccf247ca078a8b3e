// SPDX-License-Identifier: GPL-2.0

//! The device that carries something.

use super::super::carried::controllers;
use crate::system::{System, parent};

/// Buses whose devices a person means who names an interface or a disk: not the virtio device or the SCSI target that
/// the kernel makes, but the one that these are of.
const BUSES: &[&str] = &[
    "pci", "usb", "platform", "amba", "cdx", "fsl-mc", "vmbus", "pnp", "css", "ap",
];

/// Returns the devices that carry what has the folder `path`. What is stacked on several disks has several.
pub(super) fn owners(system: &System, path: &str) -> Vec<String> {
    let mut found = Vec::new();
    collect(system, path, 0, &mut found);
    found.sort();
    found.dedup();
    found
}

fn collect(system: &System, path: &str, depth: usize, found: &mut Vec<String>) {
    const DEEPEST: usize = 16;

    if depth > DEEPEST {
        return;
    }
    let below = format!("{path}/slaves");
    let slaves = system.list(&below);
    if !slaves.is_empty() {
        for slave in slaves {
            if let Some(path) = system.real(&format!("{below}/{slave}")) {
                collect(system, &path, depth + 1, found);
            }
        }
        return;
    }
    if path.starts_with("/sys/devices/virtual/nvme-subsystem/") {
        for controller in controllers(system, parent(path)) {
            found.extend(above(system, &controller));
        }
        return;
    }
    found.extend(above(system, path));
}

/// Returns the nearest device at or above `path` that a person means.
fn above(system: &System, path: &str) -> Option<String> {
    let mut fallback = None;
    let mut folder = path;
    while folder.len() > "/sys/devices".len() {
        if let Some(bus) = system.link_name(&format!("{folder}/subsystem")) {
            if BUSES.contains(&bus.as_str()) {
                return Some(folder.to_owned());
            }
            if fallback.is_none() && system.exists(&format!("{folder}/driver")) {
                fallback = Some(folder.to_owned());
            }
        }
        folder = parent(folder);
    }
    fallback
}
