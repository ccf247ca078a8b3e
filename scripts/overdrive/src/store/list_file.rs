// SPDX-License-Identifier: GPL-2.0

//! The files `slots` and `buses`: an entry on every line, and comments on lines of their own.

use super::{Entry, Problem, Saved};
use crate::{bus::Scope, slot};

/// The lines of a file that are neither empty nor comments, with their numbers.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

fn problem(file: &str, line: usize, text: impl Into<String>) -> Problem {
    Problem {
        file: file.to_owned(),
        line,
        text: text.into(),
    }
}

/// Reads the file of slots.
pub(super) fn slots(file: &str, text: &str, saved: &mut Saved) {
    for (line, text) in lines(text) {
        match slot::canonical(text) {
            Err(why) => saved.problems.push(problem(file, line, why)),
            // Twice is as good as once.
            Ok(slot) if saved.slots.iter().any(|entry| entry.value == slot) => {}
            Ok(slot) => saved.slots.push(Entry {
                file: file.to_owned(),
                line,
                value: slot,
            }),
        }
    }
}

/// Reads the file of buses.
pub(super) fn buses(file: &str, text: &str, saved: &mut Saved) {
    for (line, words) in lines(text) {
        let mut words = words.split_whitespace();
        let (Some(name), scope, None) = (words.next(), words.next(), words.next()) else {
            saved.problems.push(problem(
                file,
                line,
                "a line is NAME or NAME SCOPE; a comment has a line of its own",
            ));
            continue;
        };
        let parsed = scope.map_or(Some(Scope::default()), Scope::parse);
        let is_name = |c: char| c.is_ascii_graphic() && !matches!(c, '/' | ':' | ',');
        match parsed {
            None => saved.problems.push(problem(
                file,
                line,
                format!(
                    "'{}' is no scope, but restrict or force is",
                    scope.unwrap_or_default()
                ),
            )),
            Some(_) if !name.chars().all(is_name) => {
                saved
                    .problems
                    .push(problem(file, line, format!("'{name}' is no bus's name")))
            }
            Some(scope) => match saved.buses.iter().find(|entry| entry.value.0 == name) {
                Some(entry) if entry.value.1 == scope => {}
                Some(entry) => {
                    let text = format!(
                        "line {1} has the bus {name} with {0}",
                        entry.value.1, entry.line
                    );
                    saved.problems.push(problem(file, line, text));
                }
                None => saved.buses.push(Entry {
                    file: file.to_owned(),
                    line,
                    value: (name.to_owned(), scope),
                }),
            },
        }
    }
}
