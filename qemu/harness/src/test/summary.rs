// SPDX-License-Identifier: GPL-2.0

//! The machine-readable summary of a run.

use std::{path::Path, time::Duration};

use serde::Serialize;

use crate::{
    ktap::{Kind, Single},
    test::outcome::{Outcome, Verdict},
};

/// All that a run came to. Its JSON form is `build/log/test-NAME.json`.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    /// Series, architecture and flavour.
    pub(crate) target: String,
    /// The release that the kernel has told; empty if none was booted.
    pub(crate) kernel: String,
    /// Seconds of the whole run.
    pub(crate) seconds: f64,
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
    pub(crate) tests: Vec<Test>,
}

/// One script on one machine, or a boot that failed by itself.
#[derive(Debug, Serialize)]
pub(crate) struct Test {
    pub(crate) test: String,
    pub(crate) machine: String,
    pub(crate) result: Verdict,
    pub(crate) seconds: f64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) reasons: Vec<String>,
    pub(crate) results: Vec<Single>,
    /// The name of the boot's log, in the same folder.
    pub(crate) log: String,
}

/// Returns a time as JSON has it: seconds, to the millisecond.
pub(crate) fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}

impl Test {
    pub(crate) fn new(machine: &str, outcome: &Outcome, log: &Path) -> Self {
        Self {
            test: outcome.name.clone(),
            machine: machine.to_owned(),
            result: outcome.verdict,
            seconds: seconds(outcome.took),
            reasons: outcome.reasons.clone(),
            results: outcome.singles.clone(),
            log: file_name(log),
        }
    }

    /// A failure of the boot itself.
    pub(crate) fn of_boot(machine: &str, reasons: &[String], log: &Path) -> Self {
        Self {
            test: "boot".to_owned(),
            machine: machine.to_owned(),
            result: Verdict::Fail,
            seconds: 0.0,
            reasons: reasons.to_vec(),
            results: Vec::new(),
            log: file_name(log),
        }
    }
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

impl Summary {
    /// Returns a line for each result that was skipped.
    pub(crate) fn skips(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for test in &self.tests {
            for single in test.results.iter().filter(|one| one.kind == Kind::Skip) {
                let name = match single.name.as_str() {
                    "" => "all of it",
                    name => name,
                };
                lines.push(format!(
                    "{}:{}: {name}: {}",
                    test.machine, test.test, single.why
                ));
            }
        }
        lines.sort();
        lines
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn single(name: &str, kind: Kind, why: &str) -> Single {
        Single {
            name: name.to_owned(),
            kind,
            why: why.to_owned(),
        }
    }

    pub(crate) fn summary() -> Summary {
        Summary {
            target: "7.3-x86_64-test".to_owned(),
            kernel: "7.3.4".to_owned(),
            seconds: 1.5,
            passed: 1,
            failed: 0,
            skipped: 1,
            tests: vec![Test {
                test: "slots".to_owned(),
                machine: "q35".to_owned(),
                result: Verdict::Pass,
                seconds: 0.25,
                reasons: Vec::new(),
                results: vec![
                    single("a slot <is> listed", Kind::Pass, ""),
                    single("a slot is bound", Kind::Skip, "no edu"),
                ],
                log: "q35-1.log".to_owned(),
            }],
        }
    }

    #[test]
    fn the_summary_has_test_machine_kernel_result_and_seconds() {
        let json: serde_json::Value =
            serde_json::from_str(&serde_json::to_string(&summary()).expect("JSON")).expect("JSON");
        assert_eq!(json["kernel"], "7.3.4");
        assert_eq!(json["tests"][0]["machine"], "q35");
        assert_eq!(json["tests"][0]["result"], "pass");
        assert_eq!(json["tests"][0]["seconds"], 0.25);
        assert_eq!(json["tests"][0]["results"][1]["result"], "skip");
    }

    #[test]
    fn each_skip_is_listed_with_its_reason() {
        assert_eq!(summary().skips(), ["q35:slots: a slot is bound: no edu"]);
    }
}
