// SPDX-License-Identifier: GPL-2.0

//! The policy that is kept across boots: the folder `/etc/overdrive.d`.
//!
//! It has a file `NAME.rule` for each rule, and the files `slots` and `buses` with an entry on every line. Every entry
//! stands alone: one that is bad is a [`Problem`] with its file and line, and the others are read as if it were not there.

pub mod atomic;
pub mod boot;
mod entry_file;
mod list_file;
mod rule_file;

use std::{
    env,
    fmt::{self, Write},
    io,
};

use overdrive_rules::RuleText;

use crate::{
    bus::Scope,
    failure::{Exit, Failure, Result, reason},
    system::System,
};

/// Something in the folder that can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file's path.
    pub file: String,
    /// The line, counted from 1; 0 if it is the whole file.
    pub line: usize,
    /// The reason.
    pub text: String,
}

impl Problem {
    fn of_file(file: &str, text: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: 0,
            text: text.into(),
        }
    }
}

/// Control characters are written as escapes: a terminal would obey them.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.line {
            0 => format!("{}: {}", self.file, self.text),
            line => format!("{}:{line}: {}", self.file, self.text),
        };
        for c in text.chars() {
            match c {
                c if c.is_control() => write!(f, "{}", c.escape_default())?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// An entry, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<T> {
    /// The file's path.
    pub file: String,
    /// The line, counted from 1; 1 for a rule.
    pub line: usize,
    /// Its content.
    pub value: T,
}

impl<T> Entry<T> {
    /// Returns the problem that the entry is.
    pub fn problem(&self, text: impl Into<String>) -> Problem {
        Problem {
            file: self.file.clone(),
            line: self.line,
            text: text.into(),
        }
    }
}

/// All that is saved.
#[derive(Debug, Default)]
pub struct Saved {
    /// The rules, by name.
    pub rules: Vec<Entry<RuleText>>,
    /// The names of rules that a boot takes back after so many seconds, unless somebody confirms them.
    pub trials: Vec<(String, u64)>,
    /// The slots, as `slot add` takes them.
    pub slots: Vec<Entry<String>>,
    /// The buses.
    pub buses: Vec<Entry<(String, Scope)>>,
    /// The entries that can't be used.
    pub problems: Vec<Problem>,
}

impl Saved {
    /// Returns `true` if there is nothing, good or bad.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
            && self.slots.is_empty()
            && self.buses.is_empty()
            && self.problems.is_empty()
    }

    /// Returns the seconds after which a boot takes the rule back, if it is to be confirmed.
    pub fn trial(&self, rule: &str) -> Option<u64> {
        self.trials
            .iter()
            .find(|(name, _)| name == rule)
            .map(|(_, seconds)| *seconds)
    }
}

/// The folder.
#[derive(Debug)]
pub struct Store<'a> {
    system: &'a System,
    folder: String,
}

impl<'a> Store<'a> {
    /// Returns the folder that the environment names, or the usual one.
    pub fn new(system: &'a System) -> Self {
        let folder = env::var("OVERDRIVE_SAVED").ok();
        Self {
            system,
            folder: folder
                .filter(|folder| !folder.is_empty())
                .unwrap_or_else(|| "/etc/overdrive.d".to_owned()),
        }
    }

    /// Returns the path of the folder.
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// Returns the path of one of the files.
    pub fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.folder)
    }

    /// Returns the path of the file of a rule.
    pub fn rule_path(&self, name: &str) -> String {
        format!("{}/{name}.rule", self.folder)
    }

    /// Returns `true` if a rule of this name is saved.
    pub fn has_rule(&self, name: &str) -> bool {
        self.system.exists(&self.rule_path(name))
    }

    /// Reads all that is saved.
    pub fn read(&self) -> Saved {
        let mut saved = Saved::default();
        let folder = self.system.at_root(&self.folder);
        let names = entry_file::names(&folder).unwrap_or_else(|text| {
            saved.problems.push(Problem::of_file(&self.folder, text));
            Vec::new()
        });
        for name in names {
            let path = folder.join(&name);
            let is_readable = name.to_str().is_some();
            let name = name.to_string_lossy();
            let file = format!("{}/{name}", self.folder);
            // What an editor or a save that was cut off leaves.
            if name.starts_with('.') || name.ends_with('~') {
                continue;
            }
            if !is_readable {
                saved.problems.push(Problem::of_file(
                    &file,
                    "its name is not in UTF-8, and it has no effect",
                ));
                continue;
            }
            let text = match entry_file::text(&path) {
                Ok(text) => text,
                Err(text) => {
                    saved.problems.push(Problem::of_file(&file, text));
                    continue;
                }
            };
            match name.as_ref() {
                "slots" => list_file::slots(&file, &text, &mut saved),
                "buses" => list_file::buses(&file, &text, &mut saved),
                _ => match name.strip_suffix(".rule") {
                    Some(rule) => rule_file::read(&file, rule, &text, &mut saved),
                    None => saved.problems.push(Problem::of_file(
                        &file,
                        "it is none of NAME.rule, slots and buses, and has no effect",
                    )),
                },
            }
        }
        saved
    }

    /// Writes a rule, which a boot takes back after `trial` seconds unless it is confirmed, and returns its file.
    pub fn write_rule(&self, rule: &RuleText, trial: Option<u64>) -> Result<String> {
        let text = rule_file::write(rule, trial);
        self.write(&format!("{}.rule", rule.name), &text)
    }

    /// Keeps a rule that was on trial, if it is saved.
    pub fn end_trial(&self, name: &str) -> Result {
        self.change_trial(name, false)
    }

    /// Notes in the file of a rule that nobody confirmed the rule, if it is saved.
    pub fn fail_trial(&self, name: &str) -> Result {
        self.change_trial(name, true)
    }

    fn change_trial(&self, name: &str, has_failed: bool) -> Result {
        let text = self.system.text(&self.rule_path(name)).unwrap_or_default();
        match rule_file::end_trial(&text, has_failed) {
            Some(text) => self.write(&format!("{name}.rule"), &text).map(|_| ()),
            None => Ok(()),
        }
    }

    /// Removes the file of a rule; returns `false` if there is none.
    pub fn remove_rule(&self, name: &str) -> Result<bool> {
        self.remove(&format!("{name}.rule"))
    }

    /// Writes all slots, and returns their file if there is one then.
    pub fn write_slots(&self, slots: &[String]) -> Result<Option<String>> {
        self.write_list(
            "slots",
            "# Devices for the meta driver: PCI addresses, or platform/NAME.",
            slots,
        )
    }

    /// Writes all buses, and returns their file if there is one then.
    pub fn write_buses(&self, buses: &[(String, Scope)]) -> Result<Option<String>> {
        let lines: Vec<String> = buses
            .iter()
            .map(|(name, scope)| format!("{name} {scope}"))
            .collect();
        self.write_list(
            "buses",
            "# Buses that get driver_override from overdrive: NAME SCOPE.",
            &lines,
        )
    }

    fn write_list(&self, name: &str, title: &str, lines: &[String]) -> Result<Option<String>> {
        if lines.is_empty() {
            self.remove(name)?;
            return Ok(None);
        }
        let text = format!("{title}\n{}\n", lines.join("\n"));
        self.write(name, &text).map(Some)
    }

    fn write(&self, name: &str, text: &str) -> Result<String> {
        let file = format!("{}/{name}", self.folder);
        atomic::write(&self.system.at_root(&self.folder), name, text)
            .map_err(|error| self.failure(&file, &error))?;
        Ok(file)
    }

    fn remove(&self, name: &str) -> Result<bool> {
        let file = format!("{}/{name}", self.folder);
        match atomic::remove(&self.system.at_root(&self.folder), name) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(self.failure(&file, &error)),
        }
    }

    fn failure(&self, file: &str, error: &io::Error) -> Failure {
        Failure::new(Exit::Failed, format!("{file}: {}", reason(error)))
    }
}

/// Returns the parameters with which the module holds all good entries from the moment when it is loaded. A rule that
/// has no place there is left to configfs, and so is one on trial, which has to be taken back.
pub fn parameters(saved: &Saved) -> Vec<(&'static str, String)> {
    // A page holds no more, and others may add to it.
    const MOST: usize = 4000;

    let mut rules = String::new();
    for entry in &saved.rules {
        if saved.trial(&entry.value.name).is_some() {
            continue;
        }
        let Some(text) = crate::rule::parameter::write(&entry.value) else {
            continue;
        };
        if rules.len() + text.len() < MOST {
            if !rules.is_empty() {
                rules.push(';');
            }
            rules.push_str(&text);
        }
    }
    let slots: String = saved
        .slots
        .iter()
        .map(|entry| format!("({})", entry.value))
        .collect();
    let buses: Vec<String> = saved
        .buses
        .iter()
        .map(|entry| format!("{}:{}", entry.value.0, entry.value.1))
        .collect();
    [
        ("rules", rules),
        ("slots", slots),
        ("buses", buses.join(",")),
    ]
    .into_iter()
    .filter(|(_, text)| !text.is_empty())
    .collect()
}
