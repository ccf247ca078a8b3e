// SPDX-License-Identifier: GPL-2.0

//! The user's view of a test run: KTAP on standard output, then the reasons of every failure.
//!
//! Boots run in parallel. The lines of one script at a time go out as they come; the others'
//! wait, so that every script's output is in one piece.

use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Instant,
};

use anyhow::Result;

use crate::test::{
    archive,
    outcome::{Outcome, Verdict},
    session::Sink,
    summary::{Summary, Test, seconds},
};

/// Counts of a whole run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Totals {
    fn add(&mut self, outcome: &Outcome) {
        self.passed += outcome.passed;
        self.failed += outcome.failed;
        self.skipped += outcome.skipped;
    }

    /// The last line of a run.
    fn line(self) -> String {
        let mut line = format!("{} passed, {} failed", self.passed, self.failed);
        if self.skipped > 0 {
            line.push_str(&format!(", {} skipped", self.skipped));
        }
        line
    }

    fn is_success(self) -> bool {
        self.failed == 0 && self.passed > 0
    }
}

#[derive(Default)]
struct State {
    totals: Totals,
    results: usize,
    /// The boot whose lines go out at once.
    front: Option<usize>,
    /// Lines of the scripts that run behind it.
    waiting: BTreeMap<usize, Vec<String>>,
    failures: Vec<String>,
    tests: Vec<Test>,
    /// All that went out.
    ktap: String,
    /// The release that the kernel has told.
    kernel: String,
}

impl State {
    fn out(&mut self, line: &str) {
        self.ktap.push_str(line);
        self.ktap.push('\n');
        let mut stdout = std::io::stdout().lock();
        // A reader who went away does not change the verdict.
        let _ = writeln!(stdout, "{line}");
        let _ = stdout.flush();
    }

    fn line(&mut self, boot: usize, line: &str) {
        if *self.front.get_or_insert(boot) == boot {
            self.out(line);
        } else {
            self.waiting.entry(boot).or_default().push(line.to_owned());
        }
    }

    fn release(&mut self, boot: usize) {
        for line in self.waiting.remove(&boot).unwrap_or_default() {
            self.out(&line);
        }
    }
}

/// Shared by all boots of a run.
pub(crate) struct Report {
    /// Series, architecture and flavour.
    target: String,
    began: Instant,
    state: Mutex<State>,
}

impl Report {
    /// Begins a run of `count` scripts.
    pub(crate) fn new(target: String, count: usize) -> Self {
        let report = Self {
            target,
            began: Instant::now(),
            state: Mutex::default(),
        };
        report.with(|state| {
            state.out("KTAP version 1");
            state.out(&format!("1..{count}"));
        });
        report
    }

    fn with<T>(&self, action: impl FnOnce(&mut State) -> T) -> T {
        action(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A remark between results.
    pub(crate) fn remark(&self, text: &str) {
        self.with(|state| state.out(&format!("# {text}")));
    }

    /// Keeps the release that a kernel has told.
    pub(crate) fn kernel(&self, release: &str) {
        self.with(|state| release.clone_into(&mut state.kernel));
    }

    /// A machine failed to boot, or complained before its first script.
    pub(crate) fn boot_failure(
        &self,
        machine: &str,
        reasons: &[String],
        details: &[String],
        log: &Path,
    ) {
        self.with(|state| {
            state.totals.failed += 1;
            let name = format!("{machine}:boot");
            state.failures.push(describe(&name, reasons, details, log));
            state.tests.push(Test::of_boot(machine, reasons, log));
        });
    }

    fn result(&self, boot: usize, machine: &str, outcome: &Outcome, log: &Path) {
        let name = format!("{machine}:{}", outcome.name);
        self.with(|state| {
            state.release(boot);
            state.results += 1;
            state.totals.add(outcome);
            let (ok, directive) = match outcome.verdict {
                Verdict::Pass => ("ok", String::new()),
                Verdict::Skip => ("ok", " # SKIP".to_owned()),
                Verdict::Fail => ("not ok", format!(" # {}", outcome.reasons.join("; "))),
            };
            let line = format!("{ok} {} {name}{directive}", state.results);
            state.out(&line);
            if outcome.verdict == Verdict::Fail {
                let text = describe(&name, &outcome.reasons, &outcome.excerpts(), log);
                state.failures.push(text);
            }
            state.tests.push(Test::new(machine, outcome, log));
            if state.front == Some(boot) {
                state.front = state.waiting.keys().next().copied();
                if let Some(next) = state.front {
                    state.release(next);
                }
            }
        });
    }

    /// Prints the summary, keeps it in the folder under the target's name, and returns the verdict:
    /// something passed and nothing failed.
    ///
    /// # Errors
    ///
    /// If it can't be kept.
    pub(crate) fn finish(&self, logs: &Path) -> Result<bool> {
        let (totals, failures, ktap, summary) = self.with(|state| {
            let summary = Summary {
                target: self.target.clone(),
                kernel: std::mem::take(&mut state.kernel),
                seconds: seconds(self.began.elapsed()),
                passed: state.totals.passed,
                failed: state.totals.failed,
                skipped: state.totals.skipped,
                tests: std::mem::take(&mut state.tests),
            };
            (
                state.totals,
                std::mem::take(&mut state.failures),
                std::mem::take(&mut state.ktap),
                summary,
            )
        });
        for failure in failures {
            println!("\n{failure}");
        }
        let skips = summary.skips();
        if !skips.is_empty() {
            println!("\nSKIPPED");
        }
        for skip in skips {
            println!("  {skip}");
        }
        let name = format!("test-{}", self.target);
        archive::write(&summary, logs, &name, &ktap)?;
        println!("\nlogs: {}", logs.display());
        println!("page: {}", logs.join(format!("{name}.html")).display());
        println!("{}", totals.line());
        Ok(totals.is_success())
    }
}

fn describe(name: &str, reasons: &[String], details: &[String], log: &Path) -> String {
    let mut text = format!("FAILED {name}");
    for reason in reasons {
        text.push_str(&format!("\n  {reason}"));
    }
    for line in details {
        text.push_str(&format!("\n  | {line}"));
    }
    text.push_str(&format!("\n  whole log: {}", log.display()));
    text
}

/// The view that one boot has of the report.
pub(crate) struct Boot<'a> {
    pub(crate) report: &'a Report,
    pub(crate) number: usize,
    pub(crate) machine: &'static str,
    pub(crate) log: PathBuf,
}

impl Sink for Boot<'_> {
    fn begin(&mut self, name: &str) {
        let line = format!("# {}:{name}", self.machine);
        self.report.with(|state| state.line(self.number, &line));
    }

    fn line(&mut self, line: &str) {
        self.report.with(|state| state.line(self.number, line));
    }

    fn end(&mut self, outcome: &Outcome) {
        self.report
            .result(self.number, self.machine, outcome, &self.log);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line() {
        let mut totals = Totals {
            passed: 3,
            ..Totals::default()
        };
        assert_eq!(totals.line(), "3 passed, 0 failed");
        assert!(totals.is_success());
        totals.skipped = 1;
        assert_eq!(totals.line(), "3 passed, 0 failed, 1 skipped");
        totals.failed = 2;
        assert!(!totals.is_success());
    }

    #[test]
    fn nothing_passed_is_no_success() {
        assert!(!Totals::default().is_success());
    }
}
