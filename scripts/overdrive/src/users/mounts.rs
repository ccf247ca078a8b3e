// SPDX-License-Identifier: GPL-2.0

//! Mounts, in all mount namespaces that processes have.

use std::collections::BTreeSet;

use crate::system::System;

/// A mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mount {
    /// `MAJOR:MINOR` of the file system; some file systems have numbers of their own.
    pub(super) number: String,
    /// Its place, in the namespace of whoever has it.
    pub(super) place: String,
    /// The kind of the file system.
    pub(super) kind: String,
    /// The source of the mount, mostly a file in /dev.
    pub(super) source: String,
}

/// All mounts.
#[derive(Debug, Default)]
pub(super) struct Mounts(Vec<Mount>);

impl Mounts {
    /// Reads the mounts of every namespace once: first the own one, where names are those that the user knows.
    pub(super) fn read(system: &System) -> Self {
        let mut mounts = Self::default();
        let mut seen = BTreeSet::new();
        let processes = system
            .list("/proc")
            .into_iter()
            .filter(|name| name.bytes().all(|c| c.is_ascii_digit()));
        for process in ["self".to_owned(), "1".to_owned()]
            .into_iter()
            .chain(processes)
        {
            let namespace = system.link(&format!("/proc/{process}/ns/mnt"));
            if namespace.is_some_and(|namespace| !seen.insert(namespace)) {
                continue;
            }
            let text = system
                .text(&format!("/proc/{process}/mountinfo"))
                .unwrap_or_default();
            mounts.0.extend(text.lines().filter_map(parse));
        }
        mounts
    }

    /// Returns the mounts of a kind of file system from a source that is no file, each place once.
    pub(super) fn by_source(&self, kind: &str, source: &str) -> Vec<&Mount> {
        let mut places = BTreeSet::new();
        self.0
            .iter()
            .filter(|mount| mount.kind == kind && mount.source == source)
            .filter(|mount| places.insert(mount.place.clone()))
            .collect()
    }

    /// Returns `true` if the file system on `/` comes over the network.
    pub(super) fn is_root_remote(&self) -> bool {
        const REMOTE: &[&str] = &["nfs", "nfs4", "cifs", "smb3", "ceph", "afs"];
        const DISKS: &[&str] = &["/dev/nbd", "/dev/rbd", "/dev/drbd"];

        self.0.iter().any(|mount| {
            mount.place == "/"
                && (REMOTE.contains(&mount.kind.as_str())
                    || DISKS.iter().any(|disk| mount.source.starts_with(disk)))
        })
    }

    /// Returns the places where a block device is mounted, given its numbers and its name, each once.
    pub(super) fn of(&self, system: &System, number: &str, name: &str) -> Vec<&Mount> {
        let node = format!("/dev/{name}");
        let pool = pool(system, name);
        let mut places = BTreeSet::new();
        self.0
            .iter()
            .filter(|mount| {
                mount.number == number
                    || mount.source == node
                    || pool.contains(&mount.source)
                    // Bcachefs names all of its devices.
                    || mount.source.split(':').any(|source| source == node)
            })
            .filter(|mount| places.insert(mount.place.clone()))
            .collect()
    }
}

/// Returns the files of all devices of the Btrfs file system that a block device is a part of. A mount names one of
/// them.
fn pool(system: &System, name: &str) -> Vec<String> {
    const BTRFS: &str = "/sys/fs/btrfs";

    for uuid in system.list(BTRFS) {
        let members = system.list(&format!("{BTRFS}/{uuid}/devices"));
        if members.iter().any(|member| member == name) {
            return members
                .iter()
                .map(|member| format!("/dev/{member}"))
                .collect();
        }
    }
    Vec::new()
}

/// Reads a line of mountinfo: see proc_pid_mountinfo(5).
fn parse(line: &str) -> Option<Mount> {
    let mut words = line.split(' ');
    let number = words.nth(2)?.to_owned();
    let place = unescape(words.nth(1)?);
    let mut words = words.skip_while(|word| *word != "-").skip(1);
    Some(Mount {
        number,
        place,
        kind: words.next()?.to_owned(),
        source: unescape(words.next()?),
    })
}

/// Returns the text with the octal numbers that stand for blanks and the like taken back.
pub(super) fn unescape(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let octal = tail
            .get(..3)
            .filter(|_| first == b'\\')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match octal {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[3..];
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_mountinfo_is_read_with_optional_fields() {
        let line = "36 35 98:0 /mnt1 /a\\040b rw,noatime master:1 shared:2 - ext3 /dev/root rw";
        let mount = parse(line).expect("a mount");
        assert_eq!(mount.number, "98:0");
        assert_eq!(mount.place, "/a b");
        assert_eq!(mount.kind, "ext3");
        assert_eq!(mount.source, "/dev/root");
    }
}
