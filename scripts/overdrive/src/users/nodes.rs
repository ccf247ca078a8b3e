// SPDX-License-Identifier: GPL-2.0

//! Device files of all kinds that are below a device: sound, terminals, render nodes, UIO, USB, ...; and network
//! interfaces that are not to be seen there.

use super::{Use, Users};
use crate::{
    device::Device,
    system::{System, base, parent},
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
    let mut found = below(users.system, &device.path);
    // Who has claimed an interface of USB has the file of the whole.
    if device.driver.as_deref() == Some("usbfs") {
        found.files.push(parent(&device.path).to_owned());
    }
    for folder in found.files {
        users
            .open_files()
            .tell(users.system, &folder, base(&folder), uses);
    }
    // The folder of the interfaces is there in every network namespace; the interfaces are seen in their own one.
    if found.has_empty_net {
        uses.push(Use::new(format!(
            "the network interface of {} is in another network namespace",
            device.name
        )));
    }
}

/// The finds in a folder of sysfs.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Folders with a file `dev`.
    pub(super) files: Vec<String>,
    /// `true` if there is a folder for network interfaces, and none in it.
    has_empty_net: bool,
}

/// Returns what is at or below `folder`.
pub(super) fn below(system: &System, folder: &str) -> Found {
    let mut found = Found::default();
    find(system, folder, 0, &mut found);
    found
}

fn find(system: &System, folder: &str, depth: usize, found: &mut Found) {
    const DEEPEST: usize = 12;

    if depth > DEEPEST {
        return;
    }
    let Ok(entries) = std::fs::read_dir(system.at_root(folder)) else {
        return;
    };
    let mut below = Vec::new();
    let mut is_empty = true;
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        is_empty = false;
        match entry.file_type() {
            // Links lead to what is elsewhere.
            Ok(kind) if kind.is_dir() && !BARREN.contains(&name.as_str()) => below.push(name),
            Ok(kind) if kind.is_file() && name == "dev" => found.files.push(folder.to_owned()),
            _ => {}
        }
    }
    found.has_empty_net |= is_empty && base(folder) == "net";
    below.sort_unstable();
    for name in below {
        find(system, &format!("{folder}/{name}"), depth + 1, found);
    }
}
