// SPDX-License-Identifier: GPL-2.0

//! A gate that many pass at a time, at next to no cost, and that is seldom closed.
//!
//! Whoever passes is within an RCU read-side critical section: it writes to no memory that other
//! processors use. Whoever closes the gate waits for a grace period. Those who come meanwhile wait
//! for a lock; so do those who have to sleep behind the gate, which RCU does not allow.
//!
//! C header: [`include/linux/rcupdate.h`](srctree/include/linux/rcupdate.h)

use super::rwsem::{
    ReadGuard,
    RwSemaphore,
    WriteGuard, //
};
use kernel::{
    bindings,
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Relaxed,
            Release, //
        },
        rcu,
        LockClassKey, //
    }, //
};

/// The gate.
///
/// # Invariants
///
/// While `shut` is locked for writing by a [`Closed`], `closed` is true, and nobody is in a critical
/// section that was begun by [`pass`](Gate::pass). If `*shut`, `closed` is true.
#[pin_data]
pub(crate) struct Gate {
    closed: Atomic<bool>,
    /// Whether it is closed for good.
    #[pin]
    shut: RwSemaphore<bool>,
}

impl Gate {
    /// Creates a gate that is open; `name` and `key` are lockdep's.
    pub(crate) fn new(name: &'static CStr, key: Pin<&'static LockClassKey>) -> impl PinInit<Self> {
        pin_init!(Self {
            closed: Atomic::new(false),
            shut <- RwSemaphore::new(false, name, key),
        })
    }

    /// Calls `f` with the gate being open, and keeps it so meanwhile. `f` must not sleep.
    ///
    /// May itself sleep: until the gate is open again.
    ///
    /// # Errors
    ///
    /// `ENODEV` if the gate is closed for good, and those of `f`.
    #[inline(always)]
    pub(crate) fn pass<T>(&self, f: impl FnOnce() -> Result<T>) -> Result<T> {
        let section = rcu::read_lock();

        // Acquire: what was done behind the closed gate is seen by whoever passes.
        if !self.closed.load(Acquire) {
            return f();
        }
        drop(section);

        let _open = self.enter()?;
        f()
    }

    /// Waits until the gate is open, and keeps it so until the result is dropped. The caller may
    /// sleep.
    ///
    /// # Errors
    ///
    /// `ENODEV` if the gate is closed for good.
    pub(crate) fn enter(&self) -> Result<Entered<'_>> {
        let shut = self.shut.read();

        if *shut {
            Err(ENODEV)
        } else {
            Ok(Entered(shut))
        }
    }

    /// Closes the gate until the result is dropped, and waits for everybody who is behind it.
    ///
    /// # Errors
    ///
    /// `ENODEV` if the gate is closed for good.
    pub(crate) fn close(&self) -> Result<Closed<'_>> {
        let shut = self.shut.write();

        if *shut {
            return Err(ENODEV);
        }
        self.closed.store(true, Relaxed);
        // SAFETY: It may sleep, as the lock may.
        unsafe { bindings::synchronize_rcu() };

        // INVARIANT: Whoever saw `closed` being false has left its critical section.
        Ok(Closed { gate: self, shut })
    }
}

/// The gate is open.
pub(crate) struct Entered<'a>(#[expect(dead_code, reason = "held")] ReadGuard<'a, bool>);

/// The gate is closed, and nobody is behind it.
pub(crate) struct Closed<'a> {
    gate: &'a Gate,
    shut: WriteGuard<'a, bool>,
}

impl Closed<'_> {
    /// Leaves the gate closed for good.
    pub(crate) fn shut(&mut self) {
        *self.shut = true;
    }
}

impl Drop for Closed<'_> {
    fn drop(&mut self) {
        if !*self.shut {
            // Release: pairs with `Gate::pass`.
            self.gate.closed.store(false, Release);
        }
    }
}
