// SPDX-License-Identifier: GPL-2.0

//! Rules in the module's parameter `rules=`, which hold as long as the module is loaded.
//!
//! Rules have a `;` between them and fields a `,`; a `\` before either takes away its meaning.

use super::{Rule, field::Field};
use crate::{modules, system::System};

/// Returns the rules that came with the module.
pub fn all(system: &System) -> Vec<Rule> {
    let Some(text) = modules::parameter(system, "rules") else {
        return Vec::new();
    };
    split(&text, ';')
        .into_iter()
        .enumerate()
        .map(|(number, text)| parse(&text, number))
        .collect()
}

/// Returns `true` if a rule of this name came with the module.
pub fn has(system: &System, name: &str) -> bool {
    all(system).iter().any(|rule| rule.name == name)
}

fn parse(text: &str, number: usize) -> Rule {
    let mut rule = Rule::new(&format!("rules.{number}"));
    for word in split(text, ',') {
        let Some((key, value)) = word.split_once('=') else {
            continue;
        };
        match Field::of(key) {
            Some(field) => rule.set(field, value),
            None if key == "name" => rule.name = value.to_owned(),
            None => {}
        }
    }
    rule
}

/// Splits at a separator that has no backslash before it. The backslash before a separator is taken away only for the
/// inner separator, because patterns need it.
fn split(text: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == separator {
            parts.push(String::new());
            continue;
        }
        let Some(part) = parts.last_mut() else {
            continue;
        };
        part.push(c);
        if c == '\\' {
            part.extend(chars.next());
        }
    }
    parts
}

/// Returns the rule as the parameter has it, or `None` if it has no place there: characters that modprobe would change
/// are left to configfs.
pub fn write(rule: &Rule) -> Option<String> {
    let mut words = vec![format!("name={}", rule.name)];
    words.extend(
        rule.fields
            .iter()
            .map(|(field, text)| format!("{field}={text}")),
    );
    if words.iter().any(|word| word.contains('\\')) {
        return None;
    }
    let words: Vec<String> = words
        .iter()
        .map(|word| word.replace(',', "\\,").replace(';', "\\;"))
        .collect();
    let text = words.join(",");
    let is_bad = |c: char| c.is_whitespace() || matches!(c, '"' | '#');
    (!text.contains(is_bad)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_in_the_parameter_is_read_back_as_it_was_written() {
        let mut rule = Rule::new("r");
        rule.set(Field::Driver, "none");
        rule.set(Field::Modalias, "of:N*");
        let text = write(&rule).expect("a text");
        assert_eq!(text, "name=r,modalias=of:N*,driver=none");
        assert_eq!(parse(&text, 0), rule);
    }

    #[test]
    fn a_separator_with_a_backslash_does_not_separate() {
        assert_eq!(split("a\\;b;c", ';'), ["a\\;b", "c"]);
    }
}
