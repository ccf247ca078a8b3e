// SPDX-License-Identifier: GPL-2.0

//! Ends the program when a sequence does not.

use std::{
    fs, process,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use crate::steps::Sequence;

/// Longer than anything that may wait, on a kernel that checks much, on a busy host.
const LIMIT: Duration = Duration::from_secs(120);

type Current = Arc<Mutex<Option<(Instant, String)>>>;

pub(crate) struct Watchdog(Current);

impl Watchdog {
    pub(crate) fn start() -> Self {
        let current = Current::default();
        let watched = current.clone();

        thread::spawn(move || {
            loop {
                thread::sleep(Duration::from_secs(1));
                let current = watched.lock().unwrap_or_else(PoisonError::into_inner);
                match &*current {
                    Some((since, sequence)) if since.elapsed() > LIMIT => hung(sequence),
                    _ => {}
                }
            }
        });
        Self(current)
    }

    pub(crate) fn watch(&self, sequence: &Sequence) {
        let now = (Instant::now(), sequence.to_string());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    pub(crate) fn rest(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Has the kernel print where everybody sleeps, and gives up.
fn hung(sequence: &str) -> ! {
    for key in ["w", "t"] {
        // The finding counts even without stacks.
        let _ = fs::write("/proc/sysrq-trigger", key);
    }
    println!(
        "it does not end in {} s; the kernel's log has the stacks\nfuzz-finding {sequence}",
        LIMIT.as_secs()
    );
    process::exit(1);
}
