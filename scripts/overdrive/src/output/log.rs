// SPDX-License-Identifier: GPL-2.0

//! The messages of the kernel log.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Read},
    os::unix::fs::OpenOptionsExt,
};

use rustix::{fs::OFlags, io::Errno};

use crate::system::System;

/// Returns the last lines of the kernel log that have `text` in them, at most three.
pub fn about(system: &System, text: &str) -> Vec<String> {
    const MOST: usize = 3;

    let mut lines: Vec<String> = read(system)
        .into_iter()
        .filter(|line| line.contains(text))
        .collect();
    lines.drain(..lines.len().saturating_sub(MOST));
    lines
}

/// Returns the messages of the log. A recorded machine has them in a file.
fn read(system: &System) -> Vec<String> {
    if !system.is_live() {
        let text = system.text("/dev/kmsg").unwrap_or_default();
        return text.lines().map(str::to_owned).collect();
    }
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(system.at_root("/dev/kmsg"));
    let Ok(mut file) = file else {
        return Vec::new();
    };
    // The kernel gives one record at a time, of at most this many bytes.
    let mut record = [0; 8192];
    let mut lines = Vec::new();
    loop {
        match file.read(&mut record) {
            Ok(0) => break,
            Ok(len) => lines.extend(message(&String::from_utf8_lossy(&record[..len]))),
            // Records were lost, and the next ones follow.
            Err(error) if error.raw_os_error() == Some(Errno::PIPE.raw_os_error()) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    lines
}

/// Returns the text of a record `PRIORITY,NUMBER,MICROSECONDS,FLAGS;TEXT`, whose further lines are a dictionary.
fn message(record: &str) -> Option<String> {
    let (_, text) = record.split_once(';')?;
    text.lines().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_the_log_is_reduced_to_its_message() {
        let record = "6,339,5140900,-;overdrive 0000:01:00.0: a; b\n SUBSYSTEM=pci\n";
        assert_eq!(
            message(record).as_deref(),
            Some("overdrive 0000:01:00.0: a; b")
        );
    }
}
