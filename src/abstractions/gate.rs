// SPDX-License-Identifier: GPL-2.0

//! A gate that many pass at a time, at next to no cost, and that is seldom closed.
//!
//! Whoever passes is within an RCU-sched read-side critical section: it can't be preempted, and
//! writes to no memory that other processors use. Whoever closes the gate waits for a grace period.
//! Those who come meanwhile wait for a lock; so do those who have to sleep behind the gate, which
//! RCU does not allow.
//!
//! C header: [`include/linux/rcupdate.h`](srctree/include/linux/rcupdate.h)

use super::rwsem::{
    ReadGuard,
    RwSemaphore,
    WriteGuard, //
};
use crate::bindings;
use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed,
            Release, //
        },
        LockClassKey, //
    },
    types::NotThreadSafe, //
};

/// The critical section of somebody who passes.
struct Passing(NotThreadSafe);

impl Passing {
    /// Begins a critical section; also returns what `closed` is within it.
    ///
    /// Acquire: what was done before `closed` became false is seen within.
    #[inline(always)]
    fn begin(closed: &Atomic<bool>) -> (Self, bool) {
        // SAFETY: The section is ended, on this CPU, when the object is dropped. The flag is valid.
        let closed = unsafe { bindings::overdrive_rcu_read_lock_sched(closed.as_ptr()) };

        (Self(NotThreadSafe), closed != 0)
    }
}

impl Drop for Passing {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: `begin` has begun the section, on this CPU: the object stays in its thread, which
        // is not preempted within.
        unsafe { bindings::overdrive_rcu_read_unlock_sched() };
    }
}

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
    /// `ENODEV` if the gate is closed for good.
    #[inline(always)]
    pub(crate) fn pass<T>(&self, f: impl FnOnce() -> T) -> Result<T> {
        let (section, closed) = Passing::begin(&self.closed);
        if !closed {
            return Ok(f());
        }
        drop(section);

        self.wait(f)
    }

    /// What [`pass`](Self::pass) seldom has to do.
    #[cold]
    #[inline(never)]
    fn wait<T>(&self, f: impl FnOnce() -> T) -> Result<T> {
        let _open = self.enter()?;

        Ok(f())
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
            // Release: pairs with `Passing::begin`.
            self.gate.closed.store(false, Release);
        }
    }
}
