// SPDX-License-Identifier: GPL-2.0

//! The network interfaces and disks that devices carry.

use std::collections::HashMap;

use super::{Device, kind};
use crate::system::{System, base, parent};

const NVME_SUBSYSTEMS: &str = "/sys/devices/virtual/nvme-subsystem/";

/// All network interfaces and disks, by the folders that they are below.
#[derive(Debug, Default)]
pub struct Carried {
    nets: HashMap<String, Vec<String>>,
    disks: HashMap<String, Vec<String>>,
}

impl Carried {
    /// Finds all that there are.
    pub fn survey(system: &System) -> Self {
        let mut carried = Self::default();
        for name in system.list("/sys/class/net") {
            if let Some(path) = system.follow(&format!("/sys/class/net/{name}")) {
                enter(&mut carried.nets, &path, &name);
            }
        }
        for name in system.list("/sys/class/block") {
            let link = format!("/sys/class/block/{name}");
            let Some(path) = system.follow(&link) else {
                continue;
            };
            if system.exists(&format!("{path}/partition")) {
                continue;
            }
            for path in disk_places(system, &path) {
                enter(&mut carried.disks, &path, &name);
            }
        }
        carried
    }

    /// Returns the names of the network interfaces below a folder.
    pub fn nets(&self, path: &str) -> &[String] {
        self.nets.get(path).map_or(&[], Vec::as_slice)
    }

    /// Returns the names of the disks below a folder.
    pub fn disks(&self, path: &str) -> &[String] {
        self.disks.get(path).map_or(&[], Vec::as_slice)
    }

    /// Returns the names of all that the device carries; none for a bridge.
    pub fn names(&self, system: &System, device: &Device) -> Vec<String> {
        let (nets, disks) = (self.nets(&device.path), self.disks(&device.path));
        if nets.len() + disks.len() == 0 || kind::is_bridge(system, device) {
            return Vec::new();
        }
        nets.iter().chain(disks).cloned().collect()
    }
}

/// Returns the folders of a disk. A namespace of NVMe that may have several controllers is below none of them.
fn disk_places(system: &System, path: &str) -> Vec<String> {
    if path.starts_with(NVME_SUBSYSTEMS) {
        return controllers(system, parent(path))
            .into_iter()
            .map(|controller| format!("{controller}/{}", base(path)))
            .collect();
    }
    if path.starts_with("/sys/devices/virtual/") {
        return Vec::new();
    }
    vec![path.to_owned()]
}

/// Returns the folders of the controllers that an NVMe subsystem has.
pub fn controllers(system: &System, subsystem: &str) -> Vec<String> {
    system
        .list(subsystem)
        .into_iter()
        .filter(|name| name.starts_with("nvme"))
        .map(|name| format!("{subsystem}/{name}"))
        .filter(|link| system.link(link).is_some())
        .filter_map(|link| system.real(&link))
        .collect()
}

/// Enters a name at every folder that `path` is below.
fn enter(map: &mut HashMap<String, Vec<String>>, path: &str, name: &str) {
    if path.starts_with("/sys/devices/virtual/") {
        return;
    }
    let mut folder = parent(path);
    while folder.len() > "/sys/devices".len() {
        let names = map.entry(folder.to_owned()).or_default();
        if names.last().is_none_or(|last| last != name) {
            names.push(name.to_owned());
        }
        folder = parent(folder);
    }
}
