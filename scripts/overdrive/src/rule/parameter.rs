// SPDX-License-Identifier: GPL-2.0

//! Rules in the module's parameter `rules=`, which hold as long as the module is loaded.

use overdrive_rules::{RuleText, parse_rules};

use crate::{modules, system::System};

/// Returns the rules that came with the module.
pub fn all(system: &System) -> Vec<RuleText> {
    let Some(text) = modules::parameter(system, "rules") else {
        return Vec::new();
    };
    // What is bad is not in force either.
    parse_rules(&text).into_iter().flatten().collect()
}

/// Returns `true` if a rule of this name came with the module.
pub fn has(system: &System, name: &str) -> bool {
    all(system).iter().any(|rule| rule.name == name)
}

/// Returns the rule of this name that came with the module.
pub fn find(system: &System, name: &str) -> Option<RuleText> {
    all(system).into_iter().find(|rule| rule.name == name)
}

/// Returns the reason why a saved rule can't be put in force when the module came with another one of its name.
pub fn conflict(file: &str) -> String {
    format!(
        "{file}: the module was loaded with another rule of this name, which holds until it is unloaded: change it in modprobe.d or on the kernel's command line"
    )
}

/// Returns the rule as the parameter has it, or `None` if it has no place there: characters that modprobe would change
/// are left to configfs.
pub fn write(rule: &RuleText) -> Option<String> {
    if rule.given().any(|(_, text)| text.contains('\\')) {
        return None;
    }
    let text = rule.to_parameter();
    let is_bad = |c: char| c.is_whitespace() || matches!(c, '"' | '#');
    (!text.contains(is_bad)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_modprobe_would_change_has_no_place_in_the_parameter() {
        let mut rule = RuleText::new("r");
        rule.set("driver", "none").expect("a driver");
        rule.set("modalias", "of:N*").expect("an alias");
        assert_eq!(
            write(&rule).as_deref(),
            Some("name=r,modalias=of:N*,driver=none")
        );
        rule.set("device", "a b").expect("a name");
        assert_eq!(write(&rule), None);
    }
}
