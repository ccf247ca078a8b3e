// SPDX-License-Identifier: GPL-2.0

//! Follows one boot of the guest: which test runs, what it prints, what the kernel says meanwhile.
//!
//! Two streams arrive without a common clock. On the port comes KTAP: a plan for the boot, and for
//! every script its output indented and a result line that carries its exit status. In the kernel
//! log the runner leaves a marker before and after every script. A script is over when its result
//! has come *and* the log has reached the next script's marker: nothing that the kernel said about
//! it is still on its way then.

use std::time::{Duration, Instant};

use crate::{
    klog::{EXCERPT_LINES, Line, Scanner},
    ktap::ResultLine,
    qemu::Event,
    test::outcome::{Ending, Outcome, Skips, Splat},
};

/// The time after its own limit that a script may take to be gone.
const GRACE: Duration = Duration::from_secs(20);

/// Deepest indentation of the port's lines that is the runner's.
const INDENT: &str = "    ";

/// A script to run and how long it may take.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) name: String,
    pub(crate) limit: Duration,
    /// Texts of which the reason of a skip must contain one; `None` if all are allowed.
    pub(crate) optional: Option<Vec<String>>,
}

/// A listener to what happens.
pub(crate) trait Sink {
    fn begin(&mut self, name: &str);
    fn line(&mut self, line: &str);
    fn end(&mut self, outcome: &Outcome);
}

/// The decision on whether the boot goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Continue,
    /// Everything is done, or the guest is not fit for another test.
    Stop,
}

#[derive(Default)]
struct Record {
    lines: Vec<String>,
    result: Option<ResultLine>,
    splats: Vec<Splat>,
}

pub(crate) struct Session<'a> {
    planned: &'a [Planned],
    records: Vec<Record>,
    sink: &'a mut dyn Sink,
    scanner: Scanner,
    boot_limit: Duration,
    /// The runner has printed its header.
    up: bool,
    /// When the current test, or the boot, began.
    since: Instant,
    /// Which test's output is coming on the port: as many results have come before.
    port: usize,
    /// The number of start markers that the log has.
    started: usize,
    /// The log's test has ended, its successor not begun.
    between: bool,
    console_closed: bool,
    port_closed: bool,
    /// Splats before the first test.
    boot_splats: Vec<Splat>,
    /// The number of tests that have a verdict.
    done: usize,
    /// The last verdict was such that the guest is fit for no other test.
    spoilt: bool,
    /// The fault of the boot itself, if it has one.
    trouble: Option<String>,
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        planned: &'a [Planned],
        boot_limit: Duration,
        now: Instant,
        sink: &'a mut dyn Sink,
    ) -> Self {
        Self {
            planned,
            records: planned.iter().map(|_| Record::default()).collect(),
            sink,
            scanner: Scanner::default(),
            boot_limit,
            up: false,
            since: now,
            port: 0,
            started: 0,
            between: false,
            console_closed: false,
            port_closed: false,
            boot_splats: Vec::new(),
            done: 0,
            spoilt: false,
            trouble: None,
        }
    }

    /// Returns `true` if the guest has begun with the tests.
    pub(crate) fn is_up(&self) -> bool {
        self.up
    }

    /// Returns the number of tests that have a verdict, the fault of the boot, and splats before the first test.
    pub(crate) fn into_parts(self) -> (usize, Option<String>, Vec<Splat>) {
        (self.done, self.trouble, self.boot_splats)
    }

    /// When the guest has been silent for too long.
    pub(crate) fn deadline(&self) -> Instant {
        let limit = match self.planned.get(self.done) {
            Some(planned) if self.up => planned.limit + GRACE,
            _ => self.boot_limit,
        };
        self.since + limit
    }

    /// The deadline has passed.
    pub(crate) fn timed_out(&mut self, now: Instant) {
        self.interrupted(Ending::Hung, now);
    }

    /// Takes the next event.
    pub(crate) fn event(&mut self, event: &Event, now: Instant) -> Step {
        match event {
            Event::Console(line) => self.console(line),
            Event::Port(line) => self.port(line, now),
            Event::Host(_) => {}
            Event::ConsoleClosed => self.console_closed = true,
            Event::PortClosed => self.port_closed = true,
        }
        self.finish_tests(now);
        if self.trouble.is_some() || self.spoilt || self.done == self.planned.len() {
            return Step::Stop;
        }
        if self.console_closed && self.port_closed {
            self.interrupted(Ending::GuestDied, now);
            return Step::Stop;
        }
        Step::Continue
    }

    fn console(&mut self, line: &str) {
        match self.scanner.feed(line) {
            Line::Start(_) => {
                self.started += 1;
                self.between = false;
            }
            Line::End(_) => self.between = true,
            Line::Splat(title) => {
                let splat = Splat {
                    title,
                    late: self.between,
                    lines: vec![line.to_owned()],
                };
                self.splats().push(splat);
            }
            Line::Text if self.scanner.in_splat() => {
                if let Some(splat) = self.splats().last_mut() {
                    if splat.lines.len() < EXCERPT_LINES {
                        splat.lines.push(line.to_owned());
                    }
                }
            }
            Line::Text => {}
        }
    }

    /// The splats of whatever the log is at.
    fn splats(&mut self) -> &mut Vec<Splat> {
        let index = self.started.checked_sub(1);
        match index.and_then(|index| self.records.get_mut(index)) {
            Some(record) => &mut record.splats,
            None => &mut self.boot_splats,
        }
    }

    fn port(&mut self, line: &str, now: Instant) {
        if !self.up {
            if line.starts_with("KTAP version ") {
                self.up = true;
                self.since = now;
            }
            return;
        }
        if let Some(count) = line.strip_prefix("1..") {
            if count.parse() != Ok(self.planned.len()) {
                self.trouble = Some(format!("the guest runs {count} tests instead"));
            }
            return;
        }
        let Some(record) = self.records.get_mut(self.port) else {
            return;
        };
        if let Some(inner) = line.strip_prefix(INDENT) {
            record.lines.push(inner.to_owned());
            // What comes before the last test's verdict waits for it.
            if self.port == self.done {
                if record.lines.len() == 1 {
                    self.sink.begin(&self.planned[self.port].name);
                }
                self.sink.line(line);
            }
        } else if let Some(result) = ResultLine::parse(line) {
            if result.name != self.planned[self.port].name {
                self.trouble = Some(format!("a result of {} came out of turn", result.name));
            }
            record.result = Some(result);
            self.port += 1;
        }
    }

    /// Judges the tests that are over in both streams.
    fn finish_tests(&mut self, now: Instant) {
        while self.done < self.planned.len() && !self.spoilt {
            let index = self.done;
            // The start marker after the last test names none.
            if self.records[index].result.is_none() || self.started < index + 2 {
                break;
            }
            self.finish(index, Ending::Reported, now);
        }
    }

    /// Judges the test during which the boot came to an end.
    fn interrupted(&mut self, ending: Ending, now: Instant) {
        if !self.up {
            self.trouble = Some(match ending {
                Ending::Hung => format!(
                    "the guest did not start its tests in {} s",
                    self.boot_limit.as_secs()
                ),
                _ => "the guest ended before its tests began".to_owned(),
            });
        } else if self.done < self.planned.len() {
            self.finish(self.done, ending, now);
        }
    }

    fn finish(&mut self, index: usize, ending: Ending, now: Instant) {
        let record = std::mem::take(&mut self.records[index]);
        let planned = &self.planned[index];
        let skips = match &planned.optional {
            None => Skips::Any,
            Some(texts) => Skips::Only(texts),
        };
        let mut outcome = Outcome::judge(
            &planned.name,
            &record.lines,
            record.result.as_ref(),
            ending,
            record.splats,
            skips,
        );
        outcome.took = now.saturating_duration_since(self.since);
        self.since = now;
        self.spoilt = outcome.spoils_the_guest();
        self.sink.end(&outcome);
        self.done += 1;
        let next = self
            .records
            .get(self.done)
            .filter(|next| !next.lines.is_empty());
        if let (Some(record), false) = (next, self.spoilt) {
            self.sink.begin(&self.planned[self.done].name);
            for line in &record.lines {
                self.sink.line(&format!("{INDENT}{line}"));
            }
        }
    }
}

#[cfg(test)]
mod tests;
