// SPDX-License-Identifier: GPL-2.0

//! The verdict over one script.

use std::time::Duration;

use serde::Serialize;

use crate::ktap::{Block, Kind, ResultLine, Single};

/// The number of splats of one script that a report tells of: the first is the cause, the others tend to
/// follow.
const SPLATS_TOLD: usize = 3;

/// Something the kernel complained about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Splat {
    pub(crate) title: String,
    /// It came after the script had ended.
    pub(crate) late: bool,
    /// The beginning of it.
    pub(crate) lines: Vec<String>,
}

/// The event from which the harness learned that a script is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The runner reported its exit status.
    Reported,
    /// Neither it nor the runner said anything for too long.
    Hung,
    GuestDied,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    Pass,
    Skip,
    Fail,
}

/// The reasons for which results of a script may be skipped.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Skips<'a> {
    /// Any: the kernel is not of our making.
    Any,
    /// Those that contain one of these texts.
    Only(&'a [String]),
}

impl Skips<'_> {
    fn allow(self, single: &Single) -> bool {
        match self {
            Skips::Any => true,
            Skips::Only(texts) => texts.iter().any(|text| single.why.contains(text)),
        }
    }
}

/// One script, run once.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) name: String,
    pub(crate) verdict: Verdict,
    /// The reasons for which the script failed.
    pub(crate) reasons: Vec<String>,
    pub(crate) splats: Vec<Splat>,
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
    /// Each of its results.
    pub(crate) singles: Vec<Single>,
    /// The time from the end of the script before it.
    pub(crate) took: Duration,
    timed_out: bool,
}

impl Outcome {
    /// Judges from what the script printed, its exit status and the kernel log.
    pub(crate) fn judge(
        name: &str,
        lines: &[String],
        result: Option<&ResultLine>,
        ending: Ending,
        splats: Vec<Splat>,
        skips: Skips<'_>,
    ) -> Self {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let block = Block::parse(&lines);
        let (mut reasons, timed_out) = match (result, ending) {
            (Some(result), _) => exit_status(&block, result),
            (None, Ending::GuestDied) => (vec!["the guest died while it ran".to_owned()], true),
            (None, _) => (
                vec!["hung: it could not even be killed in the guest".to_owned()],
                true,
            ),
        };
        let is_refused = |single: &&Single| single.kind == Kind::Skip && !skips.allow(single);
        for Single { name, why, .. } in block.singles.iter().filter(is_refused) {
            let name = if name.is_empty() { "all" } else { name };
            reasons.push(format!(
                "skipped, and the header does not say that it may be: {name} ({why})"
            ));
        }
        for splat in splats.iter().take(SPLATS_TOLD) {
            let when = if splat.late {
                " (after it had ended)"
            } else {
                ""
            };
            reasons.push(format!("kernel log{when}: {}", splat.title));
        }
        if splats.len() > SPLATS_TOLD {
            let more = splats.len() - SPLATS_TOLD;
            reasons.push(format!("kernel log: {more} more"));
        }

        let skipped = block.skipped + usize::from(block.all_skipped);
        let verdict = match (reasons.is_empty(), block.passed, skipped) {
            (false, ..) => Verdict::Fail,
            (true, 0, 1..) => Verdict::Skip,
            (true, ..) => Verdict::Pass,
        };
        let failed = match verdict {
            Verdict::Fail => block.failed.len().max(1),
            Verdict::Pass | Verdict::Skip => 0,
        };
        Self {
            name: name.to_owned(),
            verdict,
            reasons,
            splats,
            passed: block.passed,
            failed,
            skipped,
            singles: block.singles,
            took: Duration::ZERO,
            timed_out,
        }
    }

    /// The beginnings of the splats that a report tells of.
    pub(crate) fn excerpts(&self) -> Vec<String> {
        let told = self.splats.iter().take(SPLATS_TOLD);
        told.flat_map(|splat| splat.lines.clone()).collect()
    }

    /// Returns `true` if what runs after it in the same guest could suffer from it: lockdep is off after its
    /// first report, a script that was killed did not clean up.
    pub(crate) fn spoils_the_guest(&self) -> bool {
        self.timed_out || !self.splats.is_empty()
    }
}

/// Compares what a script printed with its exit status; tells also whether its time ran out.
fn exit_status(block: &Block, result: &ResultLine) -> (Vec<String>, bool) {
    let directive = result.directive.as_deref().unwrap_or("");
    if let Some(limit) = directive.strip_prefix("TIMEOUT ") {
        return (vec![format!("timed out after {limit}")], true);
    }
    let mut reasons: Vec<String> = block
        .failed
        .iter()
        .map(|name| format!("not ok: {name}"))
        .collect();
    reasons.extend(block.problems.iter().cloned());
    let status = match (result.ok, result.is_skip()) {
        (true, true) => "4 (skip)",
        (true, false) => "0",
        (false, _) => directive.strip_prefix("exit=").unwrap_or("unknown"),
    };
    if !result.ok && status != "1" && !block.is_good() {
        reasons.push(format!("exit status {status}"));
    }
    if result.ok && !block.failed.is_empty() {
        reasons.push(format!("exit status {status} although a result is not ok"));
    }
    if !result.ok && block.is_good() {
        reasons.push(format!("exit status {status} although no result is not ok"));
    }
    if result.ok && !result.is_skip() && block.all_skipped {
        reasons.push("exit status 0 although everything is skipped".to_owned());
    }
    (reasons, false)
}
