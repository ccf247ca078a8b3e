// SPDX-License-Identifier: GPL-2.0

//! Questions that a move on trial asks of whoever is logged in: a file for each, which goes with the process that asks.

use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write},
};

use crate::{
    failure::{Exit, Failure, Result, reason},
    system::System,
};

/// The folder of the questions.
const FOLDER: &str = "/run/overdrive";

/// The answer that is written to a question's file.
const YES: &str = "yes";

/// A question, which is withdrawn when it is dropped.
#[derive(Debug)]
pub struct Question<'a> {
    system: &'a System,
    path: String,
}

impl<'a> Question<'a> {
    /// Asks whether these devices shall stay where they are.
    pub fn ask<'b>(system: &'a System, devices: impl Iterator<Item = &'b str>) -> Result<Self> {
        let failure =
            |error: io::Error| Failure::new(Exit::Failed, format!("{FOLDER}: {}", reason(&error)));
        if !system.is_dir(FOLDER) {
            system.mkdir(FOLDER).map_err(failure)?;
        }
        let path = format!("{FOLDER}/try-{}", std::process::id());
        let names: Vec<&str> = devices.collect();
        let text = format!("{}\n", names.join("\n"));
        fs::write(system.at_root(&path), text).map_err(failure)?;
        Ok(Self { system, path })
    }

    /// Returns `true` if the answer was yes.
    pub fn is_confirmed(&self) -> bool {
        self.system.line(&self.path) == YES
    }
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        // Whoever answers it later changes nothing.
        let _ = fs::remove_file(self.system.at_root(&self.path));
    }
}

/// Answers all questions that are open with yes. Returns the names of the devices that they are about.
pub fn confirm(system: &System) -> Result<Vec<String>> {
    let mut devices = Vec::new();
    for name in system.list(FOLDER) {
        let Some(pid) = name.strip_prefix("try-") else {
            continue;
        };
        let path = format!("{FOLDER}/{name}");
        if !system.is_dir(&format!("/proc/{pid}")) {
            // The process was killed, and the devices are back.
            let _ = fs::remove_file(system.at_root(&path));
            continue;
        }
        let text = system.text(&path).unwrap_or_default();
        match answer(system, &path) {
            Ok(()) => {}
            // It was withdrawn meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => {
                let text = format!("{path}: {}", reason(&error));
                return Err(Failure::new(Exit::Failed, text));
            }
        }
        devices.extend(text.lines().filter(|line| *line != YES).map(str::to_owned));
    }
    Ok(devices)
}

/// Answers the question in a file that is there.
fn answer(system: &System, path: &str) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .truncate(true)
        .open(system.at_root(path))?;
    file.write_all(YES.as_bytes())
}
