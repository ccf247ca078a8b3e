// SPDX-License-Identifier: GPL-2.0

//! Files of rules: `FIELD = TEXT` on every line, and comments on lines of their own.

use overdrive_rules::RuleText;

use super::{Entry, Problem, Saved, list_file::lines};
use crate::rule;

/// The word before the seconds after which a boot takes the rule back, unless somebody confirms the rule.
const TRIAL: &str = "trial";

/// In the place of the seconds: nobody did.
const FAILED: &str = "failed";

const TAKEN_BACK: &str = "a boot took the rule back, because nobody confirmed it: it does nothing until it is made again, or this line is removed";

/// Returns the text of a file that has the rule.
pub(super) fn write(rule: &RuleText, trial: Option<u64>) -> String {
    let mut text = "# See overdrive rule --help.\n".to_owned();
    for (key, value) in rule.given() {
        text.push_str(&format!("{key} = {value}\n"));
    }
    if let Some(seconds) = trial {
        text.push_str(&format!("{TRIAL} = {seconds}\n"));
    }
    text
}

/// Returns the text of the file with the trial ended, or `None` if there is none in it.
pub(super) fn end_trial(text: &str, has_failed: bool) -> Option<String> {
    let is_trial = |line: &str| {
        let (key, value) = line.split_once('=').unwrap_or_default();
        key.trim() == TRIAL && value.trim() != FAILED
    };
    text.lines().any(is_trial).then(|| {
        text.lines()
            .filter_map(|line| match (is_trial(line), has_failed) {
                (false, _) => Some(format!("{line}\n")),
                (true, true) => Some(format!("{TRIAL} = {FAILED}\n")),
                (true, false) => None,
            })
            .collect()
    })
}

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
                "'{name}' can't be a rule's name, which has printable ASCII characters but blanks, ':' and '/'"
            ),
        );
    }
    let mut rule = RuleText::new(name);
    let mut trial = None;
    let mut first = None;
    for (number, line) in lines(text) {
        let Some((key, value)) = line.split_once('=') else {
            report(number, format!("'{line}' is not FIELD = TEXT"));
            continue;
        };
        let (key, value) = (key.trim(), value.trim());
        first.get_or_insert(number);
        if key == TRIAL {
            match value {
                FAILED => report(number, TAKEN_BACK.to_owned()),
                _ if trial.is_some() => report(number, format!("the rule has {key} already")),
                _ => match value.parse() {
                    Ok(seconds) if (1..=3600).contains(&seconds) => trial = Some(seconds),
                    _ => report(
                        number,
                        format!("{key} = {value}: seconds from 1 to 3600 expected"),
                    ),
                },
            }
        } else if !rule::is_field(key) {
            report(number, no_field(key));
        } else if value.is_empty() {
            report(number, format!("the field {key} has no text"));
        } else if !rule.get(key).is_empty() {
            report(number, format!("the rule has the field {key} already"));
        } else if has_comment(key, value) {
            report(number, "a comment has a line of its own".to_owned());
        } else if is_quoted(value) {
            report(number, format!("{key} = {value}: quotes have no meaning"));
        } else if let Err(error) = rule.set(key, value) {
            report(number, format!("{key} = {value}: {error}"));
        }
    }
    if saved.problems.len() > before {
        return;
    }
    match rule.check() {
        Err(error) => saved.problems.push(Problem {
            file: file.to_owned(),
            line: 0,
            text: error.to_string(),
        }),
        Ok(()) => {
            saved
                .trials
                .extend(trial.map(|seconds| (rule.name.clone(), seconds)));
            saved.rules.push(Entry {
                file: file.to_owned(),
                line: first.unwrap_or(1),
                value: rule,
            });
        }
    }
}

/// Returns `true` if a text ends with a comment. No driver has such a character in its name; a device may.
fn has_comment(key: &str, text: &str) -> bool {
    text.contains(" #") || text.contains("\t#") || key == "driver" && text.contains('#')
}

fn is_quoted(text: &str) -> bool {
    ['"', '\'']
        .iter()
        .any(|quote| text.len() > 1 && text.starts_with(*quote) && text.ends_with(*quote))
}

/// Returns what to say of a field that is none.
fn no_field(key: &str) -> String {
    let known = overdrive_rules::fields().find(|field| field.key.eq_ignore_ascii_case(key));
    match (known, key) {
        (Some(field), _) => format!("a rule has no field '{key}': it is called {}", field.key),
        (None, "vendor" | "id") => format!(
            "a rule has no field '{key}': an ID is a part of the modalias, which overdrive status shows"
        ),
        (None, _) => format!("a rule has no field '{key}', but {}", rule::field_names()),
    }
}
