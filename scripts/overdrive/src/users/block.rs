// SPDX-License-Identifier: GPL-2.0

//! Disks, partitions, and all that is made of them.

use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
};

use super::{Use, Users, swap};
use crate::system::System;

/// Places without which a machine does not come up.
pub(super) const VITAL: &[&str] = &["/", "/usr", "/boot", "/boot/efi", "/var", "/etc"];

/// Adds the uses of a disk and of its partitions.
pub(super) fn collect(users: &Users<'_>, disk: &str, uses: &mut Vec<Use>) {
    let system = users.system;
    let folder = format!("/sys/class/block/{disk}");
    let before = uses.len();
    let mut seen = Vec::new();
    add(users, disk, uses, &mut seen);
    for name in system.list(&folder) {
        if system.exists(&format!("{folder}/{name}/partition")) {
            add(users, &name, uses, &mut seen);
        }
    }
    if uses.len() == before && is_claimed(system, disk) {
        uses.push(Use::new(format!(
            "{disk} is claimed in the kernel, by a file system, a pool, a target or the like"
        )));
    }
}

/// Adds the uses of one block device, and of what is made of it.
fn add(users: &Users<'_>, name: &str, uses: &mut Vec<Use>, seen: &mut Vec<String>) {
    if seen.iter().any(|one| one == name) {
        return;
    }
    seen.push(name.to_owned());
    let system = users.system;
    let folder = format!("/sys/class/block/{name}");
    let number = system.line(&format!("{folder}/dev"));
    let title = title(system, name);

    for mount in users.mounts().of(system, &number, name) {
        uses.push(Use {
            text: format!("{title} is mounted on {}", mount.place),
            is_vital: VITAL.contains(&mount.place.as_str()),
        });
    }
    if swap::is_swap(system, name, &number) {
        uses.push(Use::new(format!("{title} is swap")));
    }
    for holder in system.list(&format!("{folder}/holders")) {
        uses.push(Use::new(format!(
            "{title} is a part of {}",
            self::title(system, &holder)
        )));
        add(users, &holder, uses, seen);
    }
    for target in exports(system, name, &number) {
        uses.push(Use::new(format!("{title} is exported as {target}")));
    }
    for loop_name in loops(system, name, &number) {
        uses.push(Use::new(format!("{title} is behind {loop_name}")));
        add(users, &loop_name, uses, seen);
    }
    users.open_files().tell(system, &folder, &title, uses);
}

/// Returns the block device's name, with the name and kind that people know it by.
fn title(system: &System, name: &str) -> String {
    let folder = format!("/sys/class/block/{name}");
    if let Some(known) = system.word(&format!("{folder}/dm/name")) {
        let uuid = system.line(&format!("{folder}/dm/uuid"));
        let kind = match uuid.split('-').next() {
            Some("LVM") => "LVM",
            Some("CRYPT") => "encryption",
            Some("mpath") => "multipath",
            _ => "device mapper",
        };
        return format!("{name} ({known}, {kind})");
    }
    if system.is_dir(&format!("{folder}/md")) {
        let level = system
            .word(&format!("{folder}/md/level"))
            .unwrap_or_else(|| "md".to_owned());
        return format!("{name} ({level}, RAID)");
    }
    name.to_owned()
}

/// Returns the loop devices that are made of a block device.
fn loops(system: &System, name: &str, number: &str) -> Vec<String> {
    system
        .list("/sys/class/block")
        .into_iter()
        .filter(|other| other.starts_with("loop"))
        .filter(|other| {
            let file = system.line(&format!("/sys/class/block/{other}/loop/backing_file"));
            is_file_of(system, &file, name, number)
        })
        .collect()
}

/// Returns the NVMe subsystems by which a block device is handed to other machines. Nothing claims it for them.
fn exports(system: &System, name: &str, number: &str) -> Vec<String> {
    const TARGETS: &str = "/sys/kernel/config/nvmet/subsystems";

    let mut found = Vec::new();
    for target in system.list(TARGETS) {
        let folder = format!("{TARGETS}/{target}/namespaces");
        let is_it = system.list(&folder).iter().any(|namespace| {
            let line = |file| system.line(&format!("{folder}/{namespace}/{file}"));
            line("enable") == "1" && is_file_of(system, &line("device_path"), name, number)
        });
        if is_it {
            found.push(target);
        }
    }
    found
}

/// Returns `true` if `file` is the device file of a block device, under whatever name.
fn is_file_of(system: &System, file: &str, name: &str, number: &str) -> bool {
    !file.is_empty()
        && (file == format!("/dev/{name}")
            || super::open_files::number_of(system, file).is_some_and(|its| its == number))
}

/// Returns `true` if something in the kernel has the disk for itself. That covers what has no files to tell it by, for
/// instance pools of ZFS.
fn is_claimed(system: &System, name: &str) -> bool {
    if !system.is_live() {
        return false;
    }
    let flags = OFlags::RDONLY | OFlags::EXCL | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let node = system.at_root(&format!("/dev/{}", name.replace('!', "/")));
    matches!(
        rustix::fs::open(node, flags, Mode::empty()),
        Err(Errno::BUSY)
    )
}
