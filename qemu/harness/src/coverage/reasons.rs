// SPDX-License-Identifier: GPL-2.0

//! The reasons why no test reaches some blocks: `qemu/unreached`.

use anyhow::{Result, bail};

/// A reason, and where it holds.
struct Reason {
    text: String,
    places: Vec<Place>,
}

struct Place {
    file: String,
    /// A part of the source line, or of the function's name; empty for all of the file.
    part: String,
}

/// The reasons of `qemu/unreached`.
#[derive(Default)]
pub(super) struct Reasons(Vec<Reason>);

impl Reasons {
    /// Reads the file: a reason is a line at the margin; below it, indented, are the places that it is for,
    /// `FILE` or `FILE: PART`.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut reasons: Vec<Reason> = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let words = line.trim();
            if words.is_empty() || line.starts_with('#') {
                continue;
            }
            if !line.starts_with(char::is_whitespace) {
                reasons.push(Reason {
                    text: words.to_owned(),
                    places: Vec::new(),
                });
                continue;
            }
            let Some(reason) = reasons.last_mut() else {
                bail!("line {}: a place without a reason", number + 1);
            };
            let (file, part) = words.split_once(": ").unwrap_or((words, ""));
            reason.places.push(Place {
                file: file.to_owned(),
                part: part.trim().to_owned(),
            });
        }
        Ok(Self(reasons))
    }

    /// Returns the reason for the code in a line of a function.
    pub(super) fn find(&self, file: &str, function: &str, code: &str) -> Option<&str> {
        let is_meant = |place: &Place| {
            place.file == file && (code.contains(&place.part) || function.contains(&place.part))
        };
        let reason = self.0.iter().find(|it| it.places.iter().any(is_meant))?;
        Some(&reason.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_holds_for_the_places_below_it() {
        let reasons = Reasons::parse(
            "# comment\n\nonly C gets there\n\tsrc/a.rs: fn f(\n\tsrc/b.rs\nnever\n\tsrc/a.rs: x::g\n",
        )
        .expect("well formed");
        let find = |file, function, code| reasons.find(file, function, code);
        assert_eq!(
            find("src/a.rs", "x::f", "fn f() {"),
            Some("only C gets there")
        );
        assert_eq!(find("src/a.rs", "x::g", "let y = 1;"), Some("never"));
        assert_eq!(find("src/b.rs", "h", ""), Some("only C gets there"));
        assert_eq!(find("src/a.rs", "x::h", "let y = 1;"), None);
    }

    #[test]
    fn a_place_needs_a_reason() {
        assert!(Reasons::parse("\tsrc/a.rs\n").is_err());
    }
}
