// SPDX-License-Identifier: GPL-2.0

//! Files of rules: `FIELD = TEXT` on every line, and comments on lines of their own.

use super::{Entry, Problem, Saved, list_file::lines};
use crate::rule::{self, Rule, field::Field};

/// Reads the file of the rule `name`: the rule, or all problems that the file has.
pub(super) fn read(file: &str, name: &str, text: &str, saved: &mut Saved) {
    let before = saved.problems.len();
    let mut report = |line: usize, text: String| {
        saved.problems.push(Problem {
            file: file.to_owned(),
            line,
            text,
        });
    };
    if rule::check_name(name).is_err() {
        report(
            0,
            format!(
                "'{name}' can't be a rule's name, which has neither blanks nor any of ':' and '/'"
            ),
        );
    }
    let mut rule = Rule::new(name);
    let mut places = Vec::new();
    for (number, line) in lines(text) {
        let Some((key, value)) = line.split_once('=') else {
            report(number, format!("'{line}' is not FIELD = TEXT"));
            continue;
        };
        let (key, value) = (key.trim(), value.trim());
        let Some(field) = Field::of(key) else {
            report(number, no_field(key));
            continue;
        };
        if !rule.get(field).is_empty() {
            report(number, format!("the rule has the field {field} already"));
            continue;
        }
        if let Some(why) = check_value(field, value) {
            report(number, why);
            continue;
        }
        rule.set(field, value);
        places.push((field, number));
    }
    if saved.problems.len() > before {
        return;
    }
    match check(&rule) {
        Some((field, why)) => {
            let line = places
                .iter()
                .find(|(its, _)| Some(*its) == field)
                .map_or(0, |(_, line)| *line);
            saved.problems.push(Problem {
                file: file.to_owned(),
                line,
                text: why,
            });
        }
        None => saved.rules.push(Entry {
            file: file.to_owned(),
            line: places.first().map_or(1, |(_, line)| *line),
            value: rule,
        }),
    }
}

/// Returns what to say of a field that is none.
fn no_field(key: &str) -> String {
    let known = Field::ALL
        .into_iter()
        .find(|field| field.name().eq_ignore_ascii_case(key));
    match (known, key) {
        (Some(field), _) => format!("a rule has no field '{key}': it is called {field}"),
        (None, "vendor" | "id") => format!(
            "a rule has no field '{key}': an ID is a part of the modalias, which overdrive status shows"
        ),
        (None, _) => format!("a rule has no field '{key}', but {}", Field::names()),
    }
}

/// Returns what is wrong with the text of a field.
fn check_value(field: Field, value: &str) -> Option<String> {
    if value.is_empty() {
        return Some(format!("the field {field} has no text"));
    }
    if value.contains(" #") || value.contains("\t#") {
        return Some("a comment has a line of its own".to_owned());
    }
    None
}

/// Returns what is wrong with a rule, and the field to blame.
pub(super) fn check(rule: &Rule) -> Option<(Option<Field>, String)> {
    if rule.driver().is_empty() {
        return Some((None, "the rule has no field driver".to_owned()));
    }
    let says_nothing = rule.fields.iter().all(|(field, text)| {
        matches!(field, Field::Bus | Field::Driver) || (*field == Field::GroupOwned && text == "0")
    });
    if says_nothing {
        return Some((
            None,
            "the rule names no device: it has no field but bus and driver".to_owned(),
        ));
    }
    None
}
