// SPDX-License-Identifier: GPL-2.0

//! The aliases of modules, and of what is built into the kernel.

use crate::{modules, system::System};

/// An alias of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// A pattern of device aliases.
    pub pattern: String,
    /// The module's name.
    pub module: String,
}

impl Alias {
    /// Returns `true` if the pattern matches.
    pub fn matches(&self, modalias: &str) -> bool {
        // The engine of rules has the kernel's patterns.
        overdrive_rules::matches_pattern(&self.pattern, modalias)
    }

    /// Returns the number of asterisks in the pattern: the fewer, the more is said about the device.
    pub fn asterisks(&self) -> usize {
        self.pattern.bytes().filter(|&c| c == b'*').count()
    }
}

/// Returns the aliases that begin with `prefix`.
pub fn with_prefix(system: &System, prefix: &str) -> Vec<Alias> {
    let folder = modules::folder(system);
    let mut found = Vec::new();
    let text = system
        .text(&format!("{folder}/modules.alias"))
        .unwrap_or_default();
    for line in text.lines() {
        let Some(rest) = line.strip_prefix("alias ") else {
            continue;
        };
        if let Some((pattern, module)) = rest.rsplit_once(' ') {
            if pattern.starts_with(prefix) {
                found.push(Alias {
                    pattern: pattern.to_owned(),
                    module: module.to_owned(),
                });
            }
        }
    }
    let text = system
        .text(&format!("{folder}/modules.builtin.modinfo"))
        .unwrap_or_default();
    for entry in text.split('\0') {
        let Some((module, pattern)) = entry.split_once(".alias=") else {
            continue;
        };
        if pattern.starts_with(prefix) {
            found.push(Alias {
                pattern: pattern.to_owned(),
                module: module.to_owned(),
            });
        }
    }
    found
}

/// Returns the modules that are for a device with this alias, each once.
pub fn modules_for(system: &System, modalias: &str) -> Vec<String> {
    let kind = modalias.find(':').map_or(modalias, |at| &modalias[..=at]);
    modules_among(&with_prefix(system, kind), modalias)
}

/// Returns the same of aliases that were read already.
pub fn modules_among(aliases: &[Alias], modalias: &str) -> Vec<String> {
    let mut found: Vec<String> = aliases
        .iter()
        .filter(|alias| alias.matches(modalias))
        .map(|alias| alias.module.clone())
        .collect();
    found.sort();
    found.dedup();
    found
}

/// Returns `true` if the module came with the kernel.
pub fn is_in_tree(system: &System, module: &str) -> bool {
    let folder = modules::folder(system);
    let wanted = modules::canonical(module);
    ["modules.dep", "modules.builtin"].iter().any(|name| {
        let text = system.text(&format!("{folder}/{name}")).unwrap_or_default();
        text.lines().any(|line| {
            let file = line.split(':').next().unwrap_or(line);
            let stem = crate::system::base(file);
            let stem = stem.find(".ko").map_or(stem, |at| &stem[..at]);
            file.starts_with("kernel/") && modules::canonical(stem) == wanted
        })
    })
}
