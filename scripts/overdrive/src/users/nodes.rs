// SPDX-License-Identifier: GPL-2.0

//! Device files of all kinds that are below a device: sound, terminals, render nodes, UIO, USB, ...

use super::{Use, Users};
use crate::{
    device::Device,
    system::{System, base},
};

/// Folders that never have a device in them.
const BARREN: &[&str] = &[
    "power",
    "msi_irqs",
    "statistics",
    "queues",
    "overdrive",
    "link",
    "vfio-dev",
];

/// Adds who has one of the device's files open.
pub(super) fn collect(users: &Users<'_>, device: &Device, uses: &mut Vec<Use>) {
    let mut folders = Vec::new();
    find(users.system, &device.path, 0, &mut folders);
    for folder in folders {
        users
            .open_files()
            .tell(users.system, &folder, base(&folder), uses);
    }
}

/// Finds all folders with a file `dev` at or below `folder`.
fn find(system: &System, folder: &str, depth: usize, found: &mut Vec<String>) {
    const DEEPEST: usize = 12;

    if depth > DEEPEST {
        return;
    }
    let Ok(entries) = std::fs::read_dir(system.at_root(folder)) else {
        return;
    };
    let mut below = Vec::new();
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        match entry.file_type() {
            // Links lead to what is elsewhere.
            Ok(kind) if kind.is_dir() && !BARREN.contains(&name.as_str()) => below.push(name),
            Ok(kind) if kind.is_file() && name == "dev" => found.push(folder.to_owned()),
            _ => {}
        }
    }
    below.sort_unstable();
    for name in below {
        find(system, &format!("{folder}/{name}"), depth + 1, found);
    }
}
