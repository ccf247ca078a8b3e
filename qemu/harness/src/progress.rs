// SPDX-License-Identifier: GPL-2.0

//! Progress of long work: a bar on a terminal, a line now and then elsewhere.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

const PLAIN_INTERVAL: Duration = Duration::from_secs(15);

/// Progress of one piece of work of about `total` steps.
pub(crate) struct Progress {
    label: String,
    bar: Option<ProgressBar>,
    total: u64,
    done: u64,
    started: Instant,
    last_line: Instant,
}

impl Progress {
    pub(crate) fn new(label: &str, total: u64) -> Self {
        let now = Instant::now();
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(total.max(1));
            let style = ProgressStyle::with_template(
                "{prefix} {elapsed:>4} [{bar:30}] {percent:>3} % {wide_msg}",
            )
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("=> ");
            bar.set_style(style);
            bar.set_prefix(label.to_owned());
            bar.enable_steady_tick(Duration::from_secs(1));
            bar
        });
        if bar.is_none() {
            eprintln!("{label}: started");
        }
        Self {
            label: label.to_owned(),
            bar,
            total: total.max(1),
            done: 0,
            started: now,
            last_line: now,
        }
    }

    /// One step is done; `what` names the next.
    pub(crate) fn step(&mut self, what: &str) {
        self.done += 1;
        match &self.bar {
            Some(bar) => {
                // The total is an estimate: never show more than nearly all.
                bar.set_position(self.done.min(self.total.saturating_sub(1)));
                bar.set_message(what.to_owned());
            }
            None if self.last_line.elapsed() >= PLAIN_INTERVAL => {
                self.last_line = Instant::now();
                let percent = (self.done * 100 / self.total).min(99);
                eprintln!(
                    "{}: {percent} % after {}: {what}",
                    self.label,
                    elapsed(self.started)
                );
            }
            None => {}
        }
    }

    /// The number of steps that there were.
    pub(crate) fn steps(&self) -> u64 {
        self.done
    }

    /// The work is over.
    pub(crate) fn finish(self, good: bool) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let how = if good { "done in" } else { "failed after" };
        eprintln!("{}: {how} {}", self.label, elapsed(self.started));
    }
}

/// Minutes and seconds since `start`.
fn elapsed(start: Instant) -> String {
    let seconds = start.elapsed().as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}
