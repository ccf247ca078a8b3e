// SPDX-License-Identifier: GPL-2.0

//! Removing a device and finding it again, with many rules, with one, and without the module.

use crate::figure::{Figure, Limit, Step};
use crate::module::Module;
use crate::sysfs::{self, Attribute};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

const RULES: &str = "/sys/kernel/config/overdrive-rules";

/// As many rules by name as the device could be compared with.
pub const MANY_RULES: Figure = Figure {
    name: "hot-add-with-10000-rules",
    machine: "q35",
    limit: Limit::Ratio(1.05),
    repeat: 20,
    ours: || with_rules(10_000, by_name),
    peer: || with_rules(1, by_name),
};

/// The same by module alias, which begin with the same text as the device's.
pub const MANY_ALIASES: Figure = Figure {
    name: "hot-add-with-10000-aliases",
    machine: "q35",
    limit: Limit::Ratio(1.05),
    repeat: 20,
    ours: || with_rules(10_000, by_alias),
    peer: || with_rules(1, by_alias),
};

/// What the module costs a device that no rule is about.
pub const NO_RULE: Figure = Figure {
    name: "hot-add-without-rules",
    machine: "q35",
    limit: Limit::Ratio(1.01),
    repeat: 20,
    ours: || with_rules(0, by_name),
    peer: || hot_add(Vec::new(), None),
};

/// A rule in configfs.
struct Rule(PathBuf);

impl Rule {
    fn new(number: u32, matcher: fn(u32) -> (&'static str, String)) -> Result<Self> {
        let rule = Self(Path::new(RULES).join(number.to_string()));
        let (field, text) = matcher(number);

        fs::create_dir(&rule.0).with_context(|| rule.0.display().to_string())?;
        for (file, text) in [(field, text.as_str()), ("driver", "none"), ("enabled", "1")] {
            let path = rule.0.join(file);
            fs::write(&path, text).with_context(|| path.display().to_string())?;
        }
        Ok(rule)
    }
}

impl Drop for Rule {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir(&self.0) {
            eprintln!("{}: {error}", self.0.display());
        }
    }
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
    ("modalias", format!("pci:v00001234d{number:08X}sv*"))
}

fn with_rules(count: u32, matcher: fn(u32) -> (&'static str, String)) -> Result<Step> {
    let module = Module::load("overdrive")?;
    let rules = (0..count)
        .map(|n| Rule::new(n, matcher))
        .collect::<Result<_>>()?;

    hot_add(rules, Some(module))
}

fn hot_add(rules: Vec<Rule>, module: Option<Module>) -> Result<Step> {
    let edu = sysfs::pci_devices(0x1234, 0x11e8)?;
    let edu = sysfs::pci_device(edu.first().context("no edu device")?);
    let rescan = Attribute::open("/sys/bus/pci/rescan")?;

    Ok(Box::new(move || {
        // In the order in which the closure's captures are to be dropped.
        let _undo = (&rules, &module);
        Attribute::open(edu.join("remove"))?.write("1")?;
        rescan.write("1")
    }))
}
