// SPDX-License-Identifier: GPL-2.0

//! Whole boots, as they are in the log: kernel lines as they are, the port's after `ktap| `.

use super::*;
use crate::test::outcome::Verdict;

#[derive(Default)]
struct Seen {
    outcomes: Vec<Outcome>,
    heard: Vec<String>,
}

impl Sink for Seen {
    fn begin(&mut self, name: &str) {
        self.heard.push(format!("begin {name}"));
    }

    fn line(&mut self, line: &str) {
        self.heard.push(line.trim_start().to_owned());
    }

    fn end(&mut self, outcome: &Outcome) {
        self.heard.push(format!("end {}", outcome.name));
        self.outcomes.push(outcome.clone());
    }
}

/// The end of a recorded boot, if not by the last line.
#[derive(PartialEq)]
enum End {
    Running,
    Closed,
    Silent,
}

struct Replay {
    heard: Vec<String>,
    outcomes: Vec<Outcome>,
    trouble: Option<String>,
    boot_splats: Vec<Splat>,
    stopped: bool,
}

impl Replay {
    fn only(&self) -> &Outcome {
        assert_eq!(self.outcomes.len(), 1);
        &self.outcomes[0]
    }

    fn reasons(&self) -> Vec<&str> {
        self.only().reasons.iter().map(String::as_str).collect()
    }
}

fn replay(names: &[&str], log: &str, end: End) -> Replay {
    let planned: Vec<Planned> = names
        .iter()
        .map(|name| Planned {
            name: (*name).to_owned(),
            limit: Duration::from_secs(10),
            optional: Some(vec!["no edu".to_owned()]),
        })
        .collect();
    let now = Instant::now();
    let mut seen = Seen::default();
    let mut session = Session::new(&planned, Duration::from_secs(60), now, &mut seen);
    let mut events: Vec<Event> = log
        .lines()
        .map(|line| match line.strip_prefix("ktap| ") {
            Some(line) => Event::Port(line.to_owned()),
            None => Event::Console(line.to_owned()),
        })
        .collect();
    if end == End::Closed {
        events.extend([Event::PortClosed, Event::ConsoleClosed]);
    }
    let stopped = events
        .iter()
        .any(|event| session.event(event, now) == Step::Stop);
    if end == End::Silent {
        session.timed_out(session.deadline());
    }
    let (_, trouble, boot_splats) = session.into_parts();
    Replay {
        heard: seen.heard,
        outcomes: seen.outcomes,
        trouble,
        boot_splats,
        stopped,
    }
}

const HEAD: &str = "[    0.000000] Linux version 7.3.4\nktap| KTAP version 1\n";

/// A boot of one script that prints `ktap`, with `kernel` in the log meanwhile.
fn one(ktap: &str, kernel: &str, result: &str) -> Replay {
    let mut log = format!("{HEAD}ktap| 1..1\n[    1.0] overdrive-test: start a\n");
    for line in ktap.lines() {
        log.push_str(&format!("ktap|     {line}\n"));
    }
    log.push_str(kernel);
    log.push_str(&format!(
        "[    2.0] overdrive-test: end a\nktap| {result}\n[    2.0] overdrive-test: start -\n"
    ));
    replay(&["a"], &log, End::Running)
}

const GOOD: &str = "# Subtest: a\nTAP version 13\n1..2\nok 1 x\nok 2 y";

#[test]
fn a_good_test() {
    let replay = one(GOOD, "", "ok 1 a");
    assert_eq!(replay.only().verdict, Verdict::Pass);
    assert_eq!(replay.only().passed, 2);
    assert!(replay.stopped && replay.trouble.is_none());
}

#[test]
fn a_skipped_test() {
    let replay = one("TAP version 13\n1..0 # SKIP no edu", "", "ok 1 a # SKIP");
    assert_eq!(replay.only().verdict, Verdict::Skip);
    assert_eq!(replay.only().skipped, 1);
}

#[test]
fn a_skip_that_the_header_does_not_allow_is_a_failure() {
    let replay = one(
        "TAP version 13\n1..2\nok 1 x # SKIP no edu here\nok 2 y # SKIP no nvme",
        "",
        "ok 1 a",
    );
    assert_eq!(replay.only().verdict, Verdict::Fail);
    assert_eq!(
        replay.reasons(),
        ["skipped, and the header does not say that it may be: y (no nvme)"]
    );
}

#[test]
fn a_failed_test_says_what() {
    let replay = one(
        "TAP version 13\n1..2\nok 1 x\nnot ok 2 y",
        "",
        "not ok 1 a # exit=1",
    );
    assert_eq!(replay.reasons(), ["not ok: y"]);
    assert_eq!((replay.only().passed, replay.only().failed), (1, 1));
}

#[test]
fn a_missing_plan_fails() {
    let replay = one("TAP version 13\nok 1 x", "", "ok 1 a");
    assert_eq!(replay.reasons(), ["no plan"]);
}

#[test]
fn silence_fails() {
    let replay = one("", "", "ok 1 a");
    assert_eq!(replay.reasons(), ["no version line", "no plan"]);
}

#[test]
fn too_few_results_fail() {
    let replay = one("TAP version 13\n1..3\nok 1 x", "", "ok 1 a");
    assert_eq!(replay.reasons(), ["3 planned, 1 came"]);
}

#[test]
fn the_exit_status_must_agree() {
    let replay = one(GOOD, "", "not ok 1 a # exit=127");
    assert_eq!(
        replay.reasons(),
        ["exit status 127 although no result is not ok"]
    );
    let replay = one("TAP version 13\n1..1\nnot ok 1 x", "", "ok 1 a");
    assert_eq!(
        replay.reasons(),
        ["not ok: x", "exit status 0 although a result is not ok"]
    );
    let replay = one("TAP version 13\n1..0 # SKIP no edu", "", "ok 1 a");
    assert_eq!(
        replay.reasons(),
        ["exit status 0 although everything is skipped"]
    );
}

#[test]
fn the_guests_own_time_limit_spoils_the_guest() {
    let replay = one(
        "TAP version 13\n1..2\nok 1 x",
        "",
        "not ok 1 a # TIMEOUT 10 seconds",
    );
    assert_eq!(replay.reasons(), ["timed out after 10 seconds"]);
    assert!(replay.only().spoils_the_guest());
}

#[test]
fn an_unusual_exit_status_is_told() {
    let replay = one("TAP version 13", "", "not ok 1 a # exit=2");
    assert_eq!(replay.reasons(), ["no plan", "exit status 2"]);
}

#[test]
fn lines_of_the_next_test_wait_for_the_verdict() {
    let log = format!(
        "{HEAD}ktap| 1..2\n[    1.0] overdrive-test: start a\nktap|     TAP version 13\n\
         ktap|     1..1\nktap|     ok 1 x\nktap| ok 1 a\nktap|     TAP version 13\n\
         [    2.0] overdrive-test: start b\nktap|     1..1\n"
    );
    let replay = replay(&["a", "b"], &log, End::Running);
    assert_eq!(
        replay.heard,
        [
            "begin a",
            "TAP version 13",
            "1..1",
            "ok 1 x",
            "end a",
            "begin b",
            "TAP version 13",
            "1..1"
        ]
    );
}

#[test]
fn a_splat_fails_what_runs() {
    let replay = one(
        GOOD,
        "[    1.5] WARNING: drivers/base/dd.c:1 at x+0x1/0x2, CPU#0: sh/7\n[    1.5] RIP: 0010:x\n",
        "ok 1 a",
    );
    let outcome = replay.only();
    assert_eq!(outcome.verdict, Verdict::Fail);
    assert_eq!((outcome.passed, outcome.failed), (2, 1));
    assert!(outcome.reasons[0].starts_with("kernel log: WARNING: drivers/base/dd.c:1"));
    assert_eq!(outcome.splats[0].lines.len(), 2);
    assert!(outcome.spoils_the_guest());
}

#[test]
fn of_many_splats_the_first_are_told() {
    let log = "[    1.5] INFO: task a:7 blocked for more than 61 seconds.\n".repeat(5);
    let replay = one(GOOD, &log, "ok 1 a");
    let outcome = replay.only();
    assert_eq!(replay.reasons().len(), 4);
    assert_eq!(replay.reasons()[3], "kernel log: 2 more");
    assert_eq!(outcome.excerpts().len(), 3);
}

#[test]
fn a_splat_is_blamed_on_the_test_before_the_next_marker() {
    let log = format!(
        "{HEAD}ktap| 1..2\n[    1.0] overdrive-test: start a\nktap|     TAP version 13\n\
         ktap|     1..1\nktap|     ok 1 x\nktap| ok 1 a\n[    2.0] overdrive-test: end a\n\
         [    2.0] BUG: sleeping function called from invalid context at x.c:1\n\
         [    2.1] overdrive-test: start b\n"
    );
    let replay = replay(&["a", "b"], &log, End::Running);
    assert_eq!(
        replay.reasons(),
        [
            "kernel log (after it had ended): BUG: sleeping function called from invalid context \
             at x.c:1"
        ]
    );
    assert!(replay.stopped, "b needs a fresh guest");
}

#[test]
fn a_splat_before_the_first_test_is_the_boots() {
    let log = format!("{HEAD}[    0.5] UBSAN: shift-out-of-bounds in x.c:1:2\nktap| 1..1\n");
    let replay = replay(&["a"], &log, End::Running);
    assert_eq!(replay.boot_splats.len(), 1);
    assert!(replay.outcomes.is_empty());
}

#[test]
fn a_dead_guest_fails_what_ran_and_nothing_else() {
    let log = format!(
        "{HEAD}ktap| 1..2\n[    1.0] overdrive-test: start a\nktap|     TAP version 13\n\
         ktap|     1..2\nktap|     ok 1 x\n[    1.5] Kernel panic - not syncing: sysrq\n"
    );
    let replay = replay(&["a", "b"], &log, End::Closed);
    assert_eq!(
        replay.reasons(),
        [
            "the guest died while it ran",
            "kernel log: Kernel panic - not syncing: sysrq"
        ]
    );
    assert!(replay.stopped && replay.trouble.is_none());
}

#[test]
fn a_silent_guest_fails_what_ran() {
    let log = format!("{HEAD}ktap| 1..2\n[    1.0] overdrive-test: start a\n");
    let replay = replay(&["a", "b"], &log, End::Silent);
    assert!(replay.reasons()[0].starts_with("hung"));
}

#[test]
fn a_guest_that_does_not_come_up_is_trouble() {
    let silent = replay(&["a"], "[    0.0] Linux version 7.3.4\n", End::Silent);
    assert_eq!(
        silent.trouble.as_deref(),
        Some("the guest did not start its tests in 60 s")
    );
    let dead = replay(&["a"], "[    0.0] Linux version 7.3.4\n", End::Closed);
    assert_eq!(
        dead.trouble.as_deref(),
        Some("the guest ended before its tests began")
    );
}

#[test]
fn a_runner_with_another_list_is_trouble() {
    let replay = replay(&["a"], &format!("{HEAD}ktap| 1..7\n"), End::Running);
    assert!(replay.trouble.is_some());
}
