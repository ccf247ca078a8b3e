// SPDX-License-Identifier: GPL-2.0

//! The lock on devices: which of them a transaction works on.
//!
//! A transaction locks all its devices at once, and waits while another has any of them. As none
//! waits while it has some, there is no order in which two could wait for each other.
//!
//! A device that goes away wakes those who wait for it. Its removal waits until nobody is in a write to
//! one of its files, so that they must not wait for a transaction that might be waiting for the
//! removal.

use super::{
    is_any_dying,
    Level,
    Member,
    Monitor,
    Runtime,
    Term, //
};
use crate::device::marks::Marks;
use kernel::{
    prelude::*,
    sync::atomic::Relaxed, //
};

/// The state that all transactions share.
struct Shared {
    /// None may start.
    closed: bool,
    /// Those that have locked their devices.
    running: usize,
}

/// The lock on devices.
pub(crate) struct TransactionLock<R: Runtime> {
    shared: R::Monitor<Shared>,
}

impl<R: Runtime> TransactionLock<R> {
    /// Makes the lock.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            shared: R::Monitor::new(
                Shared {
                    closed: false,
                    running: 0,
                },
                Level::Outer,
            )?,
        })
    }

    /// Waits until all devices are free, and locks them.
    ///
    /// # Errors
    ///
    /// `ENODEV` if one of the devices is going away, `EBUSY` if one is lent, `EINTR` if a fatal signal
    /// arrives.
    pub(super) fn lock(&self, members: &[R::Member], term: Term, via: Option<&Marks>) -> Result {
        self.shared.wait(|shared| {
            if is_any_dying(members, via) {
                return Some(Err(ENODEV));
            }
            match Self::take(shared, members, term) {
                Err(EAGAIN) => None,
                ret => Some(ret),
            }
        })?
    }

    /// Locks all devices if they are free.
    ///
    /// # Errors
    ///
    /// As [`TransactionLock::lock`], and `EBUSY` if one is locked.
    pub(super) fn try_lock(&self, members: &[R::Member], term: Term) -> Result {
        let ret = self.shared.with(|shared| Self::take(shared, members, term));

        match ret {
            Err(EAGAIN) => Err(EBUSY),
            ret => ret,
        }
    }

    /// Locks one device that is in no transaction, if it is free.
    ///
    /// # Errors
    ///
    /// As [`TransactionLock::try_lock`].
    pub(crate) fn try_lock_one(&self, marks: &Marks) -> Result {
        self.shared.with(|shared| {
            if marks.is_dying() {
                return Err(ENODEV);
            }
            if shared.closed || marks.is_lent() || marks.is_locked() {
                return Err(EBUSY);
            }
            marks.locked.store(true, Relaxed);
            shared.running += 1;
            Ok(())
        })
    }

    /// Unlocks it.
    pub(crate) fn unlock_one(&self, marks: &Marks) {
        self.shared.update(|shared| {
            marks.locked.store(false, Relaxed);
            shared.running = shared.running.saturating_sub(1);
        });
    }

    /// Locks the devices; `EAGAIN` if they are not free now.
    fn take(shared: &mut Shared, members: &[R::Member], term: Term) -> Result {
        let any = |is: fn(&Marks) -> bool| members.iter().any(|it| is(it.marks()));

        if is_any_dying(members, None) {
            return Err(ENODEV);
        }
        if shared.closed {
            return Err(EAGAIN);
        }
        if any(Marks::is_lent) {
            return Err(EBUSY);
        }
        if any(Marks::is_locked) {
            return Err(EAGAIN);
        }
        for member in members {
            member.marks().locked.store(true, Relaxed);
            member.marks().lent.store(term == Term::Loan, Relaxed);
        }
        shared.running += 1;
        Ok(())
    }

    /// Locks the devices of a loan, those that are going away among them, if they are free.
    ///
    /// # Errors
    ///
    /// `EAGAIN` if they are not.
    pub(super) fn lock_returning(&self, members: &[R::Member]) -> Result {
        self.shared.with(|shared| {
            if shared.closed || members.iter().any(|it| it.marks().is_locked()) {
                return Err(EAGAIN);
            }
            for member in members {
                member.marks().locked.store(true, Relaxed);
            }
            shared.running += 1;
            Ok(())
        })
    }

    /// Unlocks the devices. If `returned`, they are not lent anymore.
    pub(super) fn unlock(&self, members: &[R::Member], returned: bool) {
        self.shared.update(|shared| {
            for member in members {
                member.marks().locked.store(false, Relaxed);
                if returned {
                    member.marks().lent.store(false, Relaxed);
                }
            }
            shared.running = shared.running.saturating_sub(1);
        });
    }

    /// Waits until `f` returns something, which it may do whenever devices are unlocked, or one is
    /// going away.
    ///
    /// # Errors
    ///
    /// `EINTR` if a fatal signal arrives.
    pub(super) fn wait<U>(&self, mut f: impl FnMut() -> Option<U>) -> Result<U> {
        self.shared.wait(|_| f())
    }

    /// Marks a device as going away, and wakes those who wait for it.
    pub(crate) fn dying(&self, marks: &Marks) {
        self.shared.update(|_| marks.dying.store(true, Relaxed));
    }

    /// Lets no transaction start, and waits for those that run, for so many milliseconds at most.
    ///
    /// # Errors
    ///
    /// `EBUSY` if some still run; then others may start as before.
    pub(crate) fn close(&self, msecs: u32) -> Result {
        self.shared.with(|shared| shared.closed = true);
        self.shared
            .wait_timeout(msecs, |shared| (shared.running == 0).then_some(()))
            .ok_or(EBUSY)
            .inspect_err(|_| self.open())
    }

    /// Lets transactions start again.
    pub(crate) fn open(&self) {
        self.shared.update(|shared| shared.closed = false);
    }
}
