// SPDX-License-Identifier: GPL-2.0

//! Reads KTAP strictly: what a test prints must hold together, or the test has failed.
//!
//! Specification: the kernel's `Documentation/dev-tools/ktap.rst`. TAP 13 is accepted where its
//! header announces it, as kselftest's `ktap_helpers.sh` prints it.

use std::sync::LazyLock;

use regex::Regex;
use serde::Serialize;

/// A `ok`/`not ok` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResultLine {
    pub(crate) ok: bool,
    pub(crate) number: usize,
    pub(crate) name: String,
    /// The text after the `#`, the word in upper case first.
    pub(crate) directive: Option<String>,
}

impl ResultLine {
    /// Parses a line without indentation.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        static RESULT: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"^(not )?ok (\d+)(?:[ \t]+(?:-[ \t]+)?([^#]*?))?[ \t]*(?:#[ \t]*(.*))?$")
                .expect("a valid pattern")
        });
        let found = RESULT.captures(line.trim_end())?;
        Some(Self {
            ok: found.get(1).is_none(),
            number: found[2].parse().ok()?,
            name: found.get(3).map_or("", |m| m.as_str()).to_owned(),
            directive: found.get(4).map(|m| m.as_str().to_owned()),
        })
    }

    /// Returns the reason that the directive of a skipped result gives.
    fn skip_reason(&self) -> &str {
        let directive = self.directive.as_deref().unwrap_or_default();
        directive
            .split_once(char::is_whitespace)
            .map_or("", |(_, reason)| reason.trim())
    }

    pub(crate) fn is_skip(&self) -> bool {
        self.directive
            .as_deref()
            .and_then(|d| d.split_whitespace().next())
            .is_some_and(|word| word.eq_ignore_ascii_case("skip"))
    }
}

/// The number of tests that a plan announces; it may say that all are skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan<'a> {
    count: usize,
    skip: Option<&'a str>,
}

impl<'a> Plan<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let rest = line.trim_end().strip_prefix("1..")?;
        let (number, comment) = match rest.split_once('#') {
            Some((number, comment)) => (number, comment.trim_start()),
            None => (rest, ""),
        };
        Some(Self {
            count: number.trim_end().parse().ok()?,
            skip: comment
                .split_at_checked(4)
                .filter(|(word, _)| word.eq_ignore_ascii_case("skip"))
                .map(|(_, reason)| reason.trim()),
        })
    }
}

fn is_header(line: &str) -> bool {
    line.starts_with("KTAP version ") || line.starts_with("TAP version ")
}

/// The verdict of one result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Pass,
    Fail,
    Skip,
}

/// One result without subtests of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Single {
    /// After the names of those that it is a subtest of.
    pub(crate) name: String,
    #[serde(rename = "result")]
    pub(crate) kind: Kind,
    /// The reason for which it was skipped.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) why: String,
}

/// The sum of a block of KTAP.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Block {
    /// Results without subtests of their own.
    pub(crate) passed: usize,
    pub(crate) skipped: usize,
    /// Full names of the results that are `not ok`.
    pub(crate) failed: Vec<String>,
    /// The places where the text contradicts itself or lacks something.
    pub(crate) problems: Vec<String>,
    /// The plan says that nothing is run here.
    pub(crate) all_skipped: bool,
    /// All results without subtests of their own; that of a plan that says that all is skipped has no
    /// name.
    pub(crate) singles: Vec<Single>,
}

impl Block {
    /// Reads what one script printed; the lines have no indentation beyond their subtests'.
    pub(crate) fn parse(lines: &[&str]) -> Self {
        Self::read(lines, true)
    }

    /// Only the outermost block must have a plan: KUnit cannot count the cases of some of its
    /// parameterised tests beforehand, and the specification lets them go without.
    fn read(lines: &[&str], outermost: bool) -> Self {
        let mut block = Block::default();
        let mut header = false;
        let mut plan: Option<Plan> = None;
        let mut results = 0;
        let mut inner: Vec<&str> = Vec::new();

        for line in lines {
            if line.starts_with([' ', '\t']) {
                inner.push(line);
            } else if is_header(line) {
                if header {
                    block.problem("a second version line");
                }
                header = true;
            } else if let Some(found) = Plan::parse(line) {
                if plan.is_some() {
                    block.problem("a second plan");
                }
                plan = Some(found);
            } else if let Some(result) = ResultLine::parse(line) {
                results += 1;
                if result.number != results {
                    block.problem(&format!(
                        "result {results} carries the number {}",
                        result.number
                    ));
                }
                block.result(&result, &std::mem::take(&mut inner));
            } else if line.starts_with("Bail out!") {
                block.problem(line);
            }
        }

        if looks_like_ktap(&inner) {
            block.problem("subtests without a result line of their parent");
        }
        if !header && outermost {
            block.problem("no version line");
        }
        match plan {
            None if outermost => block.problem("no plan"),
            None => {}
            Some(plan) => {
                match plan.skip {
                    Some(reason) if plan.count == 0 => {
                        block.all_skipped = true;
                        block.single("", Kind::Skip, reason);
                    }
                    None if plan.count == 0 => {
                        block.problem("an empty plan that does not say SKIP");
                    }
                    _ => {}
                }
                if plan.count != results {
                    block.problem(&format!("{} planned, {results} came", plan.count));
                }
            }
        }
        block
    }

    pub(crate) fn is_good(&self) -> bool {
        self.failed.is_empty() && self.problems.is_empty()
    }

    fn problem(&mut self, what: &str) {
        self.problems.push(what.to_owned());
    }

    fn result(&mut self, result: &ResultLine, inner: &[&str]) {
        if looks_like_ktap(inner) {
            let subtests = Block::read(&unindent(inner), false);
            if result.ok && !result.is_skip() && !subtests.is_good() {
                self.problem(&format!("{} is ok but its subtests are not", result.name));
            }
            if !result.ok && subtests.is_good() {
                self.failed.push(result.name.clone());
            }
            self.passed += subtests.passed;
            self.skipped += subtests.skipped;
            let below = |text: String| format!("{}: {text}", result.name);
            self.failed.extend(subtests.failed.into_iter().map(below));
            for single in subtests.singles {
                let name = format!("{}: {}", result.name, single.name);
                self.single(&name, single.kind, &single.why);
            }
            self.problems
                .extend(subtests.problems.into_iter().map(below));
        } else if !result.ok {
            self.failed.push(result.name.clone());
            self.single(&result.name, Kind::Fail, "");
        } else if result.is_skip() {
            self.skipped += 1;
            self.single(&result.name, Kind::Skip, result.skip_reason());
        } else {
            self.passed += 1;
            self.single(&result.name, Kind::Pass, "");
        }
    }

    fn single(&mut self, name: &str, kind: Kind, why: &str) {
        self.singles.push(Single {
            name: name.to_owned(),
            kind,
            why: why.to_owned(),
        });
    }
}

/// Returns `true` if indented lines are subtests and not just somebody's indented text.
fn looks_like_ktap(lines: &[&str]) -> bool {
    lines.iter().any(|line| {
        let line = line.trim_start();
        is_header(line) || Plan::parse(line).is_some() || ResultLine::parse(line).is_some()
    })
}

/// Takes the indentation of the subtests' own lines from all lines.
fn unindent<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let width = lines
        .iter()
        .filter(|line| looks_like_ktap(&[line]))
        .map(|line| line.len() - line.trim_start().len())
        .min()
        .unwrap_or(0);
    lines
        .iter()
        .map(|line| {
            let indent = line.len() - line.trim_start().len();
            &line[indent.min(width)..]
        })
        .collect()
}

#[cfg(test)]
mod tests;
