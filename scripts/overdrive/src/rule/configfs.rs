// SPDX-License-Identifier: GPL-2.0

//! Rules in configfs: those that can be made and removed while the module is loaded.

use std::io;

use rustix::mount::MountFlags;

use overdrive_rules::{RuleText, fields};

use crate::{
    failure::{Exit, Failure, Result, reason},
    modules,
    output::log,
    system::System,
};

/// The folder of all rules.
pub const RULES: &str = "/sys/kernel/config/overdrive-rules";

/// A rule in configfs.
#[derive(Debug)]
pub struct Made {
    /// Its fields.
    pub rule: RuleText,
    /// `true` if it is in force.
    pub enabled: bool,
    /// To how many devices it gave their override.
    pub hits: Option<u64>,
}

/// Makes sure that the module's files are there.
pub fn require_module(system: &System) -> Result {
    if !modules::is_overdrive_loaded(system) {
        return Err(Failure::new(
            Exit::NoModule,
            "the module overdrive is not loaded: modprobe overdrive",
        ));
    }
    if !system.is_dir(RULES) && system.is_live() {
        // What fails here is seen below.
        let _ = modules::load(system, "configfs", &[]);
        let _ = rustix::mount::mount(
            "none",
            "/sys/kernel/config",
            "configfs",
            MountFlags::empty(),
            None,
        );
    }
    if !system.is_dir(RULES) {
        return Err(Failure::new(
            Exit::NoModule,
            format!("there is no {RULES}: is configfs mounted?"),
        ));
    }
    Ok(())
}

/// Returns the path of a rule's file.
pub fn file(name: &str, file: &str) -> String {
    format!("{RULES}/{name}/{file}")
}

/// Returns `true` if there is a rule of this name.
pub fn exists(system: &System, name: &str) -> bool {
    !name.is_empty() && system.is_dir(&format!("{RULES}/{name}"))
}

/// Returns all rules.
pub fn all(system: &System) -> Vec<Made> {
    system
        .list(RULES)
        .into_iter()
        .filter(|name| exists(system, name))
        .map(|name| read(system, &name))
        .collect()
}

/// Reads a rule.
pub fn read(system: &System, name: &str) -> Made {
    let mut rule = RuleText::new(name);
    for field in fields() {
        let text = system.line(&file(name, field.key));
        // The kernel has taken the text already.
        let _ = rule.set(field.key, &text);
    }
    Made {
        rule,
        enabled: system.line(&file(name, "enabled")) == "1",
        hits: system.number(&file(name, "hits")),
    }
}

/// Makes a rule and puts it in force: completely, or not at all.
///
/// # Errors
///
/// The reason, for the end of a sentence.
pub fn make(system: &System, rule: &RuleText) -> std::result::Result<(), String> {
    let folder = format!("{RULES}/{}", rule.name);
    if system.is_dir(&folder) {
        return Err("there is one of this name".to_owned());
    }
    system.mkdir(&folder).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidInput => {
            "its name has other characters than printable ones".to_owned()
        }
        _ => reason(&error),
    })?;
    let result = fill(system, rule);
    if result.is_err() {
        // An empty folder can always be removed.
        let _ = system.rmdir(&folder);
    }
    result
}

fn fill(system: &System, rule: &RuleText) -> std::result::Result<(), String> {
    let write = |name: &str, text: &str| {
        system
            .write(&file(&rule.name, name), text)
            .map_err(|error| {
                if error.kind() == io::ErrorKind::NotFound {
                    return format!("the module that is loaded has no field {name}");
                }
                // The log is more exact.
                let prefix = format!("overdrive: rule {}: ", rule.name);
                let last = log::about(system, &prefix).pop();
                let detail = last.and_then(|line| {
                    line.split_once(&prefix)
                        .map(|(_, detail)| format!(" ({detail})"))
                });
                format!("{}{}", reason(&error), detail.unwrap_or_default())
            })
    };
    for (key, text) in rule.given() {
        write(key, text)?;
    }
    write("enabled", "1")
}

/// Has a rule act on the devices that are there.
///
/// # Errors
///
/// The reason, for the end of a sentence.
pub fn apply(system: &System, name: &str) -> std::result::Result<(), String> {
    system
        .write(&file(name, "apply"), "1")
        .map_err(|error| reason(&error))
}

/// Removes a rule.
///
/// # Errors
///
/// The reason, for the end of a sentence.
pub fn remove(system: &System, name: &str) -> std::result::Result<(), String> {
    system
        .rmdir(&format!("{RULES}/{name}"))
        .map_err(|error| reason(&error))
}

/// Returns `true` if the module that is loaded knows a field, or no module is loaded that could tell.
///
/// Fields are files in the folder of a rule, so a rule that is not in force is made to see them.
pub fn has_field(system: &System, field: &str) -> bool {
    const PROBE: &str = "overdrive-probe";

    if !system.is_dir(RULES) {
        return true;
    }
    if let Some(name) = system.list(RULES).first() {
        return system.exists(&file(name, field));
    }
    let folder = format!("{RULES}/{PROBE}");
    if system.mkdir(&folder).is_err() {
        return false;
    }
    let has = system.exists(&file(PROBE, field));
    // It is not enabled, so that nothing refers to it.
    let _ = system.rmdir(&folder);
    has
}

/// Returns `true` if exactly this rule is in force.
pub fn is_in_force(system: &System, rule: &RuleText) -> bool {
    if !exists(system, &rule.name) {
        return false;
    }
    let made = read(system, &rule.name);
    made.enabled && made.rule.to_parameter() == rule.to_parameter()
}
