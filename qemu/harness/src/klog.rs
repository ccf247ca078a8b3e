// SPDX-License-Identifier: GPL-2.0

//! Reads the kernel log of a guest: markers of the runner, and everything a kernel says when
//! something is wrong with it.

use std::sync::LazyLock;

use regex::{Regex, RegexSet};

/// The number of lines of a splat that a report quotes.
pub(crate) const EXCERPT_LINES: usize = 14;

/// For how many lines after an injected fault what is in [`INJECTED`] is nothing but its report.
const INJECTED_LINES: usize = 24;

/// The meaning of one line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// The runner starts the named test.
    Start(String),
    /// The named test is over.
    End(String),
    /// A splat begins.
    Splat(String),
    /// A line like any other; if a splat began shortly before, this belongs to it.
    Text,
}

/// Follows the log line by line.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    injected: usize,
    in_splat: usize,
}

/// Time stamp and caller that printk puts before a message.
static PREFIX: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:<\d+>)?\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ").expect("a valid pattern")
});

static MARKER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^overdrive-test: (start|end) (\S+)$").expect("a valid pattern"));

static SPLAT: LazyLock<RegexSet> = LazyLock::new(|| {
    RegexSet::new([
        // WARN_ON, lockdep, RCU; both the classic and the "WARNING: file:line at" form.
        r"^WARNING: ",
        r"\bWARNING: CPU: ",
        r"\bBUG: ",
        r"\bBUG [\w-]+ \(",
        r"kernel BUG at ",
        r"\bOops\b",
        r"^Kernel panic - not syncing",
        r"^general protection fault",
        r"^Unable to handle kernel ",
        r"^(double|stack segment) fault",
        r"^Internal error: ",
        r"^invalid opcode: ",
        r"^KASAN: ",
        r"^UBSAN: ",
        r"^DMA-API: .*(error|device driver)",
        r"^ODEBUG: ",
        r"^kmemleak: \d+ new suspected memory leaks",
        r"^unreferenced object 0x",
        r"^refcount_t: ",
        r"^list_(add|del) corruption",
        r"sleeping function called from invalid context",
        r"scheduling while atomic",
        r"^INFO: (task|possible|trying to register non-static key|lockdep)",
        r"^INFO: rcu",
        r"^rcu: INFO: ",
        r"^rcu: .*detected (expedited )?stalls",
        r"suspicious RCU usage",
        r"(inconsistent lock state|bad unlock balance|possible (circular|recursive|irq lock))",
        r"^(watchdog|NMI watchdog): ",
        r"^workqueue: .*(lockup|BUG)",
        r"^sysfs: cannot create duplicate filename",
        r"^debugfs: .*already present",
        r"^kobject: .*(tried to init an initialized|does not have a release)",
        r"^kobject: kobject_add_internal failed",
        r"^Device '.*' does not have a release\(\) function",
        r"^rust_kernel: panicked at",
        r"^page_type mismatch|^Bad page state|^Bad rss-counter",
        r"page allocation failure",
        r"^(Call Trace|Call trace|Backtrace):",
        // KUnit reports in the kernel log, with the indentation of KTAP.
        r"^ *not ok \d+ ",
        r"^ *# .*: (EXPECTATION|ASSERTION) FAILED at ",
    ])
    .expect("valid patterns")
});

/// The stack trace of a fault that was injected, and what the driver core says of a device that it can't
/// add for it.
static INJECTED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^Call |^kobject: kobject_add_internal failed for .* \(error: -12 ")
        .expect("a valid pattern")
});

/// A line that sounds like a splat, and only says that an emulated processor counts no events.
const NO_SPLAT: &str = "NMI watchdog: Perf NMI watchdog permanently disabled";

impl Scanner {
    /// Takes the next line of the console.
    pub(crate) fn feed(&mut self, line: &str) -> Line {
        let message = match PREFIX.find(line) {
            Some(prefix) => &line[prefix.end()..],
            None => line,
        };
        self.injected = self.injected.saturating_sub(1);
        self.in_splat = self.in_splat.saturating_sub(1);
        if let Some(marker) = MARKER.captures(message.trim_end()) {
            self.in_splat = 0;
            let name = marker[2].to_owned();
            return match &marker[1] {
                "start" => Line::Start(name),
                _ => Line::End(name),
            };
        }
        if message.starts_with("FAULT_INJECTION: ") {
            self.injected = INJECTED_LINES;
            return Line::Text;
        }
        if !SPLAT.is_match(message) || message.starts_with(NO_SPLAT) {
            return Line::Text;
        }
        if self.injected > 0 && INJECTED.is_match(message) {
            return Line::Text;
        }
        let trace = message.starts_with("Call ");
        // One event has several lines that tell of it: only the first counts.
        if self.in_splat > 0 && (trace || message.starts_with(['R', ' '])) {
            return Line::Text;
        }
        self.in_splat = EXCERPT_LINES;
        Line::Splat(message.trim_end().to_owned())
    }

    /// Returns `true` if the last line may belong to a splat that began before.
    pub(crate) fn in_splat(&self) -> bool {
        self.in_splat > 0
    }
}

#[cfg(test)]
mod tests;
