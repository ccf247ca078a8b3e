// SPDX-License-Identifier: GPL-2.0

//! The device files that processes have open or mapped.
//!
//! Files are compared by their numbers: a process in a container, or one that made the file itself, has another name for
//! it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    os::unix::fs::FileTypeExt,
    path::Path,
};

use rustix::fs::{AtFlags, CWD, FileType, StatxFlags, statx};

use super::Use;
use crate::system::System;

/// A process that has a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Holder {
    pid: u32,
    only_mapped: bool,
}

/// A device file, by kind and number, or by name where there are no numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Node {
    Block(String),
    Char(String),
    Named(String),
}

/// All device files that processes have.
#[derive(Debug, Default)]
pub(super) struct OpenFiles {
    holders: HashMap<Node, BTreeSet<Holder>>,
    /// Folders in sysfs of devices that are open through VFIO, where the kernel tells.
    vfio: BTreeMap<String, BTreeSet<Holder>>,
    is_partial: bool,
    /// The files of processes that were seen.
    seen: usize,
}

impl OpenFiles {
    /// Looks at all processes. What ends meanwhile is left out.
    pub(super) fn scan(system: &System) -> Self {
        let mut files = Self::default();
        let own = std::process::id();
        for name in system.list("/proc") {
            let Ok(pid) = name.parse::<u32>() else {
                continue;
            };
            if pid != own || !system.is_live() {
                files.scan_process(system, pid);
            }
        }
        files
    }

    fn scan_process(&mut self, system: &System, pid: u32) {
        let folder = format!("/proc/{pid}/fd");
        let Ok(entries) = fs::read_dir(system.at_root(&folder)) else {
            self.is_partial |= system.exists(&format!("/proc/{pid}"));
            return;
        };
        let before = self.seen;
        self.scan_files(system, pid, &format!("/proc/{pid}"), entries);
        if self.seen == before {
            self.scan_threads(system, pid);
        }
        self.scan_maps(system, pid);
    }

    /// Looks at the threads of a process whose first one has ended, or has no files any more.
    fn scan_threads(&mut self, system: &System, pid: u32) {
        let threads = system.list(&format!("/proc/{pid}/task"));
        if threads.len() < 2 {
            return;
        }
        for thread in threads {
            let folder = format!("/proc/{pid}/task/{thread}");
            if let Ok(entries) = fs::read_dir(system.at_root(&format!("{folder}/fd"))) {
                self.scan_files(system, pid, &folder, entries);
            }
        }
    }

    fn scan_files(&mut self, system: &System, pid: u32, process: &str, entries: fs::ReadDir) {
        for entry in entries.flatten() {
            self.seen += 1;
            let path = entry.path();
            let Ok(target) = fs::read_link(&path) else {
                continue;
            };
            let Some(target) = target.to_str() else {
                continue;
            };
            let holder = Holder {
                pid,
                only_mapped: false,
            };
            if target.starts_with('/') {
                self.enter(&path, target, holder.clone());
            }
            if target.contains("vfio") {
                let number = entry.file_name();
                let info = format!("{process}/fdinfo/{}", number.to_string_lossy());
                if let Some(folder) = vfio_folder(system, &info) {
                    self.vfio.entry(folder).or_default().insert(holder);
                }
            }
        }
    }

    /// Enters the files of which only a mapping is left.
    fn scan_maps(&mut self, system: &System, pid: u32) {
        let maps = system
            .text(&format!("/proc/{pid}/maps"))
            .unwrap_or_default();
        let mut seen = BTreeSet::new();
        for line in maps.lines() {
            // Address, permissions, offset, device, inode, name.
            let mut words = line.splitn(6, ' ').filter(|word| !word.is_empty());
            let (Some(range), Some(device), Some(inode)) =
                (words.next(), words.nth(2), words.next())
            else {
                continue;
            };
            let name = words.next().map_or("", str::trim);
            if inode == "0"
                || !name.starts_with('/')
                || !seen.insert((device.to_owned(), inode.to_owned()))
            {
                continue;
            }
            let path = system.at_root(&format!("/proc/{pid}/map_files/{range}"));
            let holder = Holder {
                pid,
                only_mapped: true,
            };
            self.enter(&path, name, holder);
        }
    }

    fn enter(&mut self, path: &Path, target: &str, holder: Holder) {
        let Some(node) = node_at(path, target) else {
            return;
        };
        let holders = self.holders.entry(node).or_default();
        // Most of those who map a file have it open as well.
        if !holders.iter().any(|one| one.pid == holder.pid) {
            holders.insert(holder);
        }
    }

    /// Adds who has the device file of the folder `folder` in sysfs.
    pub(super) fn tell(&self, system: &System, folder: &str, title: &str, uses: &mut Vec<Use>) {
        let number = system.line(&format!("{folder}/dev"));
        if number.is_empty() {
            return;
        }
        let is_block = system
            .link_name(&format!("{folder}/subsystem"))
            .is_some_and(|class| class == "block");
        let numbered = if is_block {
            Node::Block(number)
        } else {
            Node::Char(number)
        };
        let mut nodes = vec![numbered];
        if let Some(name) = node_name(system, folder) {
            nodes.push(Node::Named(format!("/dev/{name}")));
        }
        self.tell_nodes(system, &nodes, title, uses);
    }

    /// Adds who has the character device of this number, and of this name in /dev.
    pub(super) fn tell_number(
        &self,
        system: &System,
        number: &str,
        name: &str,
        title: &str,
        uses: &mut Vec<Use>,
    ) {
        let nodes = [
            Node::Char(number.to_owned()),
            Node::Named(format!("/dev/{name}")),
        ];
        self.tell_nodes(system, &nodes, title, uses);
    }

    fn tell_nodes(&self, system: &System, nodes: &[Node], title: &str, uses: &mut Vec<Use>) {
        for holder in nodes
            .iter()
            .filter_map(|node| self.holders.get(node))
            .flatten()
        {
            uses.push(Use::new(sentence(system, title, holder)));
        }
    }

    /// Adds who has the device of the folder `folder` open through VFIO.
    pub(super) fn tell_vfio(
        &self,
        system: &System,
        folder: &str,
        title: &str,
        uses: &mut Vec<Use>,
    ) {
        for holder in self.vfio.get(folder).into_iter().flatten() {
            uses.push(Use::new(sentence(system, title, holder)));
        }
    }

    /// Returns `true` if there are processes whose files can't be seen.
    pub(super) fn is_partial(&self) -> bool {
        self.is_partial
    }
}

fn sentence(system: &System, title: &str, holder: &Holder) -> String {
    let pid = holder.pid;
    let name = system
        .word(&format!("/proc/{pid}/comm"))
        .unwrap_or_else(|| "a process".to_owned());
    let verb = if holder.only_mapped {
        "is mapped by"
    } else {
        "is held by"
    };
    format!("{title} {verb} {name} (pid {pid})")
}

/// Returns the device file at `path`, a link of /proc to `target`; `None` for any other file.
fn node_at(path: &Path, target: &str) -> Option<Node> {
    // A file system whose server is gone is not waited for.
    let meta = statx(CWD, path, AtFlags::STATX_DONT_SYNC, StatxFlags::TYPE);
    if let Ok(meta) = meta {
        let number = format!("{}:{}", meta.stx_rdev_major, meta.stx_rdev_minor);
        match FileType::from_raw_mode(meta.stx_mode.into()) {
            FileType::BlockDevice => return Some(Node::Block(number)),
            // The null device and its like belong to nothing.
            FileType::CharacterDevice if meta.stx_rdev_major == 1 => return None,
            FileType::CharacterDevice => return Some(Node::Char(number)),
            _ => return None,
        }
    }
    target
        .starts_with("/dev/")
        .then(|| Node::Named(target.to_owned()))
}

/// Returns the numbers of a device file as sysfs writes them.
pub(super) fn number_of(system: &System, file: &str) -> Option<String> {
    use std::os::unix::fs::MetadataExt;

    let meta = fs::metadata(system.at_root(file)).ok()?;
    let kind = meta.file_type();
    (kind.is_block_device() || kind.is_char_device()).then(|| {
        let rdev = meta.rdev();
        format!("{}:{}", rustix::fs::major(rdev), rustix::fs::minor(rdev))
    })
}

/// Returns the name in /dev that the kernel gives to a device.
fn node_name(system: &System, folder: &str) -> Option<String> {
    let text = system.text(&format!("{folder}/uevent"))?;
    text.lines()
        .find_map(|line| line.strip_prefix("DEVNAME="))
        .map(str::to_owned)
}

/// Returns the folder of the device that an open file of VFIO is for.
fn vfio_folder(system: &System, info: &str) -> Option<String> {
    let text = system.text(info)?;
    let path = text
        .lines()
        .find_map(|line| line.strip_prefix("vfio-device-syspath:"))?;
    Some(path.trim().to_owned())
}
