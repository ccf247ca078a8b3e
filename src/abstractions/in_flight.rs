// SPDX-License-Identifier: GPL-2.0

//! Calls of a function that others were redirected to, and how to wait until there are none.
//!
//! The code that a function is redirected to is part of this module, and a task can be in it in four
//! ways. It is on its way there, since the redirect sent it: then it has not slept, so that waiting
//! until each task has slept is enough. It is between [`InFlight::enter`] and [`InFlight::leave`],
//! where it can sleep: the counter tells. It is between the entry and `enter`, or `leave` and the
//! return: it doesn't sleep there, as in the first case. So who removes a redirect waits for all
//! tasks, waits until the counter is zero, and waits for all tasks again: [`InFlight::drain`].

#[cfg(CONFIG_DYNAMIC_FTRACE_WITH_ARGS)]
use super::ftrace;
#[cfg(not(CONFIG_DYNAMIC_FTRACE_WITH_ARGS))]
use super::ftrace_absent as ftrace;
use kernel::{
    sync::atomic::{
        Acquire,
        Atomic,
        Full,
        Relaxed, //
    },
    time::{
        delay::fsleep,
        Delta, //
    }, //
};

/// The calls that have begun and not ended.
pub(super) struct InFlight(Atomic<usize>);

impl InFlight {
    /// Makes a counter, at zero.
    pub(super) const fn new() -> Self {
        Self(Atomic::new(0))
    }

    /// Counts a call, first thing.
    pub(super) fn enter(&self) {
        self.0.add(1, Relaxed);
    }

    /// Counts the end of a call, last thing.
    pub(super) fn leave(&self) {
        let _ = self.0.fetch_sub(1, Full);
    }

    /// Waits until nobody is in the function. The redirect must have been removed.
    pub(super) fn drain(&self) {
        ftrace::synchronize();
        while self.0.load(Acquire) > 0 {
            fsleep(Delta::from_millis(1));
        }
        ftrace::synchronize();
    }
}
