// SPDX-License-Identifier: GPL-2.0

//! Runs one program in a guest of its own, to its exit status.

use std::{
    path::Path,
    sync::mpsc::{RecvTimeoutError, channel},
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

use crate::{
    klog::{EXCERPT_LINES, Line, Scanner},
    qemu::{Config, Event, Qemu},
    tool::Log,
};

/// The word by which the guest's init announces the exit status on the port.
const EXIT: &str = "overdrive-exit ";

/// The time by which the kernel log may lag behind the port.
const LAG: Duration = Duration::from_secs(10);

/// Kernel command line for a program and what it should find in its environment.
pub(crate) fn append(program: &str, machine: &str) -> String {
    format!("loglevel=8 OVERDRIVE_MODE=exec OVERDRIVE_EXEC={program} OVERDRIVE_MACHINE={machine}")
}

/// Boots, hands every line of the program to `each`, and fails unless the program succeeds and the
/// kernel has nothing to complain about.
pub(crate) fn run(
    config: &Config<'_>,
    what: &str,
    limit: Duration,
    log: &Path,
    mut each: impl FnMut(&str),
) -> Result<()> {
    let mut log = Log::create(log)?;
    let (sender, events) = channel();
    let qemu = Qemu::start(config, &sender)?;
    drop(sender);

    let mut watch = Watch::default();
    let mut deadline = Instant::now() + limit;
    while !watch.is_over() {
        let wait = deadline.saturating_duration_since(Instant::now());
        let event = match events.recv_timeout(wait) {
            Ok(event) => event,
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) if watch.status.is_some() => break,
            Err(RecvTimeoutError::Timeout) => {
                bail!(
                    "{what}: not done after {} s; whole log: {}",
                    limit.as_secs(),
                    log.path().display()
                )
            }
        };
        log.line(&event.log_line())?;
        if let Some(line) = watch.take(&event) {
            each(line);
        }
        if watch.status.is_some() {
            deadline = deadline.min(Instant::now() + LAG);
        }
    }
    let complaints = qemu.complaints();
    drop(qemu);
    watch.verdict().map_err(|reason| {
        let mut text = format!("{what}: {reason}");
        if watch.status.is_none() && !complaints.is_empty() {
            text = format!("{text}\n{}", complaints);
        }
        anyhow::anyhow!("{text}\nwhole log: {}", log.path().display())
    })
}

/// The state of the program, as far as it is known.
#[derive(Default)]
struct Watch {
    scanner: Scanner,
    splat: Vec<String>,
    status: Option<String>,
    /// The log has reached the runner's last marker.
    log_done: bool,
}

impl Watch {
    /// Takes an event; returns a line of the program.
    fn take<'a>(&mut self, event: &'a Event) -> Option<&'a str> {
        match event {
            Event::Port(line) => match line.strip_prefix(EXIT) {
                Some(status) => {
                    self.status = Some(status.to_owned());
                    None
                }
                None => Some(line),
            },
            Event::Console(line) => {
                match self.scanner.feed(line) {
                    Line::End(_) => self.log_done = true,
                    Line::Splat(_) => self.splat.push(line.clone()),
                    _ if self.scanner.in_splat() && self.splat.len() < EXCERPT_LINES => {
                        self.splat.push(line.clone());
                    }
                    _ => {}
                }
                None
            }
            Event::Host(_) | Event::ConsoleClosed | Event::PortClosed => None,
        }
    }

    fn is_over(&self) -> bool {
        self.status.is_some() && self.log_done
    }

    fn verdict(&self) -> Result<(), String> {
        if !self.splat.is_empty() {
            return Err(format!("the kernel complains:\n{}", self.splat.join("\n")));
        }
        match self.status.as_deref() {
            Some("0") => Ok(()),
            Some(status) => Err(format!("exit status {status}")),
            None => Err("the guest died".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(events: &[Event]) -> (Watch, Vec<String>) {
        let mut watch = Watch::default();
        let lines = events
            .iter()
            .filter_map(|event| watch.take(event).map(str::to_owned))
            .collect();
        (watch, lines)
    }

    fn console(line: &str) -> Event {
        Event::Console(format!("[    1.0] {line}"))
    }

    #[test]
    fn success_needs_both_streams() {
        let port = [
            Event::Port("hello".into()),
            Event::Port("overdrive-exit 0".into()),
        ];
        let (unfinished, lines) = watch(&port);
        assert_eq!(lines, ["hello"]);
        assert!(!unfinished.is_over());
        let (over, _) = watch(&[&port[..], &[console("overdrive-test: end exec")]].concat());
        assert!(over.is_over() && over.verdict().is_ok());
    }

    #[test]
    fn failures() {
        let (status, _) = watch(&[Event::Port("overdrive-exit 3".into())]);
        assert_eq!(status.verdict(), Err("exit status 3".to_owned()));
        let (splat, _) = watch(&[
            console("BUG: scheduling while atomic: sh/1/2"),
            Event::Port("overdrive-exit 0".into()),
        ]);
        assert!(splat.verdict().is_err());
        assert!(watch(&[]).0.verdict().is_err());
    }
}
