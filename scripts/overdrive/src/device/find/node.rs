// SPDX-License-Identifier: GPL-2.0

//! Files in `/dev`: they are found by their numbers, whatever their names are.

use std::{
    fs,
    os::unix::fs::{FileTypeExt, MetadataExt},
};

use super::{behind, by_class, owner::owners, the_one};
use crate::{
    failure::{Exit, Failure, Result},
    system::{System, base},
};

/// Folders of links by which people call disks and others, with the words before `=` that mount(8) has for some.
const LINKS: &[(&str, &str)] = &[
    ("/dev/disk/by-uuid", "UUID="),
    ("/dev/disk/by-label", "LABEL="),
    ("/dev/disk/by-partuuid", "PARTUUID="),
    ("/dev/disk/by-partlabel", "PARTLABEL="),
    ("/dev/disk/by-id", ""),
    ("/dev/disk/by-path", ""),
    ("/dev/mapper", ""),
    ("/dev/dri/by-path", ""),
    ("/dev/serial/by-id", ""),
    ("/dev/v4l/by-id", ""),
    ("/dev/input/by-id", ""),
];

/// Returns the file that a word stands for that is the name of a link.
pub(super) fn link_to(system: &System, word: &str) -> Option<String> {
    LINKS
        .iter()
        .filter_map(|(folder, prefix)| Some(format!("{folder}/{}", word.strip_prefix(prefix)?)))
        .find(|node| system.exists(node))
}

/// Returns the device behind a file.
pub(super) fn find(system: &System, node: &str) -> Result<String> {
    if let Some(path) = sysfs_link(system, node).and_then(|link| system.real(&link)) {
        if let Some(owner) = the_one(node, owners(system, &path))? {
            return Ok(owner);
        }
    }
    // A file in a recorded tree has no numbers.
    let real = system.real(node).unwrap_or_else(|| node.to_owned());
    if let Some(path) = by_class(system, base(&real))? {
        return Ok(path);
    }
    match system.real(&format!("/sys/class/block/{}", base(&real))) {
        Some(path) => behind(system, node, &path),
        None => Err(Failure::new(
            Exit::NotFound,
            format!("{node} has no device behind it"),
        )),
    }
}

/// Returns the link in sysfs that is named after the file's numbers.
fn sysfs_link(system: &System, node: &str) -> Option<String> {
    let meta = fs::metadata(system.at_root(node)).ok()?;
    let kind = match meta.file_type() {
        kind if kind.is_block_device() => "block",
        kind if kind.is_char_device() => "char",
        _ => return None,
    };
    let (major, minor) = (
        rustix::fs::major(meta.rdev()),
        rustix::fs::minor(meta.rdev()),
    );
    Some(format!("/sys/dev/{kind}/{major}:{minor}"))
}
