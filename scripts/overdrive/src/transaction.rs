// SPDX-License-Identifier: GPL-2.0

//! The module's file for transactions over any devices, `/dev/overdrive`.
//!
//! The module that is loaded may be older or newer than this program: what it can do is read before anything is asked
//! of it.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
};

use crate::{device::Device, failure::reason, system::System};

const FILE: &str = "/dev/overdrive";

/// The time for which devices are to stay with their new driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// For good.
    Bind,
    /// Until the file is closed, by whatever end.
    Lend,
}

impl Verb {
    fn word(self) -> &'static str {
        match self {
            Self::Bind => "bind",
            Self::Lend => "lend",
        }
    }
}

/// An open file. What was lent by it is given back when the last copy of it is closed.
#[derive(Debug)]
pub struct Session {
    file: File,
    verbs: Vec<String>,
    options: Vec<String>,
}

/// The fate of one device of a transaction that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fate {
    /// `BUS/NAME`.
    pub device: String,
    /// The state, for instance `untouched`, `rolled-back:-5` or `stranded:-5:-19`.
    pub state: String,
    /// The reason, if this device was in the way.
    pub reason: Option<String>,
}

/// A transaction that failed.
#[derive(Debug)]
pub struct Refusal {
    /// The error, as the kernel tells it.
    pub error: io::Error,
    /// The fate of the devices.
    pub fates: Vec<Fate>,
}

impl Session {
    /// Opens the file, if the module that is loaded has it.
    pub fn open(system: &System) -> Option<Self> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(system.at_root(FILE))
            .ok()?;
        let text = read(&mut file).ok()?;
        let words = |key: &str| -> Vec<String> {
            let list = text.lines().find_map(|line| line.strip_prefix(key));
            list.unwrap_or_default()
                .split(',')
                .map(str::to_owned)
                .collect()
        };
        Some(Self {
            verbs: words("verbs="),
            options: words("options="),
            file,
        })
    }

    /// Opens the file, if the module that is loaded has it and knows the verb.
    pub fn open_for(system: &System, verb: Verb) -> Option<Self> {
        Self::open(system).filter(|session| session.verbs.iter().any(|word| word == verb.word()))
    }

    /// Moves devices in one transaction: all, or none. `driver` is a name, `none` or `standard`. With `wait`, users
    /// through VFIO are waited for; otherwise a device that is open is refused.
    pub fn run(
        &mut self,
        verb: Verb,
        driver: &str,
        devices: &[Device],
        wait: bool,
    ) -> Result<(), Refusal> {
        let mut line = verb.word().to_owned();
        if wait && self.options.iter().any(|option| option == "wait") {
            line.push_str(" wait");
        }
        line.push_str(&format!(" driver={}", quoted(driver)));
        for device in devices {
            line.push_str(&format!(
                " {}",
                quoted(&format!("{}/{}", device.bus, device.name))
            ));
        }
        line.push('\n');
        self.file.write_all(line.as_bytes()).map_err(|error| {
            let text = read(&mut self.file).unwrap_or_default();
            Refusal {
                error,
                fates: text.lines().map(fate).collect(),
            }
        })
    }

    /// Returns the file itself.
    pub fn into_file(self) -> File {
        self.file
    }
}

impl Refusal {
    /// Returns a line for each device that was in the way or did not come back.
    pub fn lines(&self) -> Vec<String> {
        self.fates
            .iter()
            .filter(|fate| fate.reason.is_some() || fate.is_stranded())
            .map(|fate| match &fate.reason {
                Some(reason) => format!("{}: {} ({})", fate.device, explain(reason), fate.state),
                None => format!("{}: {}", fate.device, fate.state),
            })
            .collect()
    }

    /// Returns the error's text.
    pub fn text(&self) -> String {
        reason(&self.error)
    }

    /// Returns the devices that have no driver now.
    pub fn stranded(&self) -> Vec<&str> {
        self.fates
            .iter()
            .filter(|fate| fate.is_stranded())
            .map(|fate| fate.device.as_str())
            .collect()
    }

    /// Returns `true` if a user of a device was in the way.
    pub fn is_in_use(&self) -> bool {
        let is_user =
            |reason: &str| matches!(reason, "open" | "group-owned" | "lent" | "needed-by");
        self.fates
            .iter()
            .any(|fate| fate.reason.as_deref().is_some_and(is_user))
    }
}

impl Fate {
    fn is_stranded(&self) -> bool {
        self.state.starts_with("stranded")
    }
}

fn read(file: &mut File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns a word that can have blanks.
fn quoted(word: &str) -> String {
    if word.contains(char::is_whitespace) {
        format!("\"{word}\"")
    } else {
        word.to_owned()
    }
}

/// Reads a line `device=BUS/NAME state=STATE [error=NUMBER reason=WORD]`. A newer module may have more words.
fn fate(line: &str) -> Fate {
    let mut fate = Fate::default();
    let value = |key: &str, next: &str| -> Option<String> {
        let rest = &line[line.find(key)? + key.len()..];
        Some(rest[..rest.find(next).unwrap_or(rest.len())].to_owned())
    };
    // A device's name can have blanks; the words after it have none.
    fate.device = value("device=", " state=").unwrap_or_default();
    fate.state = value(" state=", " ").unwrap_or_default();
    fate.reason = value(" reason=", " ");
    fate
}

/// Returns what a reason means.
fn explain(reason: &str) -> String {
    let text = match reason {
        "no-driver" => "its bus has no such driver",
        "fixed" => "its driver can't be bound or unbound by users",
        "open" => "a process has it open through VFIO",
        "group-owned" => "a process has its IOMMU group through VFIO",
        "lent" => "it is lent already",
        "gone" => "it is going away",
        "made-by" => "it could go away with another one of the set",
        "needed-by" => "a device that has a driver needs it",
        "twice" => "it is named twice",
        "probe" => "the driver did not take it",
        "deferred" => "the driver can't take it yet",
        "interrupted" => "it was interrupted",
        "no-memory" => "there is no memory",
        "unknown" => "there is no such device on a bus with overrides",
        other => other,
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fate_of_a_device_is_read_with_blanks_in_its_name() {
        let fate = fate("device=scsi/a b state=stranded:-5:-19 error=-5 reason=probe");
        assert_eq!(fate.device, "scsi/a b");
        assert!(fate.is_stranded());
        assert_eq!(fate.reason.as_deref(), Some("probe"));
    }

    #[test]
    fn a_word_with_blanks_is_quoted() {
        assert_eq!(quoted("vfio-meta"), "vfio-meta");
        assert_eq!(quoted("pci/a b"), "\"pci/a b\"");
    }
}
