// SPDX-License-Identifier: GPL-2.0

//! Folders of the host of a virtual machine, which are mounted by a tag.

use super::{Use, Users, block::VITAL};
use crate::{device::Device, system::is_within};

const VIRTIOFS: &str = "/sys/fs/virtiofs";

/// Adds where the device's folder is mounted.
pub(super) fn collect(users: &Users<'_>, device: &Device, uses: &mut Vec<Use>) {
    let system = users.system;
    let mut tags = Vec::new();
    for name in system.list(&device.path) {
        if name.starts_with("virtio") {
            let tag = system.word(&device.file(&format!("{name}/mount_tag")));
            tags.extend(tag.map(|tag| ("9p", tag.trim_end_matches('\0').to_owned())));
        }
    }
    for name in system.list(VIRTIOFS) {
        let is_ours = system
            .real(&format!("{VIRTIOFS}/{name}/device"))
            .is_some_and(|path| is_within(&path, &device.path));
        if is_ours {
            let tag = system.word(&format!("{VIRTIOFS}/{name}/tag"));
            tags.extend(tag.map(|tag| ("virtiofs", tag)));
        }
    }
    for (kind, tag) in tags {
        for mount in users.mounts().by_source(kind, &tag) {
            uses.push(Use {
                text: format!("{tag} is mounted on {}", mount.place),
                is_vital: VITAL.contains(&mount.place.as_str()),
            });
        }
    }
}
