// SPDX-License-Identifier: GPL-2.0

//! Removing a device and finding it again, with many rules, with one, and without the module.

use crate::figure::{Figure, Limit, Step};
use crate::module::Module;
use crate::sysfs::{self, Attribute};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

const RULES: &str = "/sys/kernel/config/overdrive-rules";

/// As many rules by name as the device could be compared with; and by module alias, which begin with
/// the same text as the device's, and match others. They are kept until [`clean_up`].
pub const MANY: [Figure; 3] = [
    Figure {
        name: "hot-add-with-10000-rules",
        machine: "q35",
        limit: Limit::Ratio(1.05),
        repeat: 20,
        ours: || with_rules(MOST, by_name),
        peer: || with_rules(1, by_name),
    },
    Figure {
        name: "hot-add-with-1000-aliases",
        machine: "q35",
        limit: Limit::Ratio(1.05),
        repeat: 20,
        ours: || with_rules(MOST / 10, by_alias),
        peer: || with_rules(1, by_alias),
    },
    Figure {
        name: "hot-add-with-10000-aliases",
        machine: "q35",
        limit: Limit::Ratio(1.05),
        repeat: 20,
        ours: || with_rules(MOST, by_alias),
        peer: || with_rules(1, by_alias),
    },
];

const MOST: usize = 10_000;

/// The cost of the module for a device that no rule is about.
///
/// On x86_64 that is 13,600 instructions of 620,000. 11,300 of them are the directory and four files
/// that each device has in sysfs, from its first uevent on: 2,260 for each, to make it and to remove it,
/// which is what the kernel's own files cost. To follow the device takes the other 2,300. Without the
/// module, the same step takes 620,000 or 628,000, by what ran before: the ratio is between 1.018 and
/// 1.028.
pub const NO_RULE: Figure = Figure {
    name: "hot-add-without-rules",
    machine: "q35",
    limit: Limit::Ratio(1.03),
    repeat: 20,
    ours: || hot_add(Some(Module::load("overdrive")?)),
    peer: || hot_add(None),
};

/// A rule in configfs, which keeps all drivers off some device.
pub struct Rule(PathBuf);

impl Rule {
    pub const DRIVER: &str = "none";

    /// Makes a rule that is not in force.
    pub fn new(number: u32, matcher: Matcher) -> Result<Self> {
        let rule = Self(Path::new(RULES).join(number.to_string()));
        let (field, text) = matcher(number);

        fs::create_dir(&rule.0).with_context(|| rule.0.display().to_string())?;
        rule.set(field, &text)?;
        rule.set("driver", Self::DRIVER)?;
        Ok(rule)
    }

    /// Puts it in force, or out of it.
    pub fn enable(&self, enabled: bool) -> Result<()> {
        self.set("enabled", if enabled { "1" } else { "0" })
    }

    fn set(&self, file: &str, text: &str) -> Result<()> {
        let path = self.0.join(file);
        fs::write(&path, text).with_context(|| path.display().to_string())
    }
}

impl Drop for Rule {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir(&self.0) {
            eprintln!("{}: {error}", self.0.display());
        }
    }
}

/// Returns a matcher of the rule with this number: a field, and its text.
type Matcher = fn(u32) -> (&'static str, String);

/// Rules of which some are in force. Making them anew for each sample would take most of the time.
struct Kept {
    matcher: Matcher,
    rules: Vec<Rule>,
    enabled: usize,
    /// The last to go.
    _module: Module,
}

static KEPT: Mutex<Option<Kept>> = Mutex::new(None);

/// Removes the rules, and unloads the module.
pub fn clean_up() {
    *KEPT.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

fn by_name(number: u32) -> (&'static str, String) {
    (
        "device",
        format!(
            "0001:{:02x}:{:02x}.{}",
            number >> 8,
            number >> 3 & 31,
            number & 7
        ),
    )
}

fn by_alias(number: u32) -> (&'static str, String) {
    // No device has such an ID: its number has 16 bits.
    let id = 0x1_0000 + number;

    ("modalias", format!("pci:v00001234d{id:08X}sv*"))
}

impl Kept {
    fn new(matcher: Matcher) -> Result<Self> {
        let module = Module::load("overdrive")?;

        Ok(Self {
            matcher,
            rules: (0..)
                .take(MOST)
                .map(|number| Rule::new(number, matcher))
                .collect::<Result<_>>()?,
            enabled: 0,
            _module: module,
        })
    }

    /// Has as many rules in force.
    fn enable(&mut self, count: usize) -> Result<()> {
        let (from, to) = (count.min(self.enabled), count.max(self.enabled));

        for rule in &self.rules[from..to] {
            rule.enable(count > self.enabled)?;
        }
        self.enabled = count;
        Ok(())
    }
}

fn with_rules(count: usize, matcher: Matcher) -> Result<Step> {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);

    // The old ones go before the new ones come.
    let old = kept.take();
    let mut rules = match old.filter(|old| std::ptr::fn_addr_eq(old.matcher, matcher)) {
        Some(old) => old,
        None => Kept::new(matcher)?,
    };
    rules.enable(count)?;
    *kept = Some(rules);
    hot_add(None)
}

fn hot_add(module: Option<Module>) -> Result<Step> {
    let edu = sysfs::pci_devices(0x1234, 0x11e8)?;
    let edu = sysfs::pci_device(edu.first().context("no edu device")?);
    let rescan = Attribute::open("/sys/bus/pci/rescan")?;

    Ok(Box::new(move || {
        let _loaded = &module;
        Attribute::open(edu.join("remove"))?.write("1")?;
        rescan.write("1")
    }))
}
