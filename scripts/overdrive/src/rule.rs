// SPDX-License-Identifier: GPL-2.0

//! Rules: which devices get which driver when they are discovered.
//!
//! What a rule may say, and which one wins, is decided by the kernel's own code, in the crate `overdrive_rules`.

pub mod bus_needed;
pub mod configfs;
pub mod for_device;
pub mod parameter;
pub mod put_right;

use overdrive_rules::{RuleText, is_rule_name};

use crate::failure::{Failure, Result};

/// Returns what the rule says but for its driver, as a person writes it.
pub fn matchers(rule: &RuleText) -> String {
    let words: Vec<String> = rule
        .given()
        .filter(|(key, _)| *key != "driver")
        .map(|(key, text)| format!("{key}={text}"))
        .collect();
    words.join(" ")
}

/// Returns the names of all fields, for messages.
pub fn field_names() -> String {
    let names: Vec<&str> = overdrive_rules::fields().map(|field| field.key).collect();
    names.join(" ")
}

/// Returns `true` if a rule has a field of this name.
pub fn is_field(name: &str) -> bool {
    overdrive_rules::fields().any(|field| field.key == name)
}

/// Returns another rule that says the same.
pub fn copy(rule: &RuleText) -> RuleText {
    let mut copy = RuleText::new(&rule.name);
    for (key, text) in rule.given() {
        // A canonical text is a good one.
        let _ = copy.set(key, text);
    }
    copy
}

/// Refuses what no folder of configfs and no file can be called, or what can't be told apart from other words.
pub fn check_name(name: &str) -> Result {
    if !is_rule_name(name) || name.starts_with('.') {
        return Err(Failure::usage(format!("'{name}' can't be a rule's name")));
    }
    Ok(())
}
