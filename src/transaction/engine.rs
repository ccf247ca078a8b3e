// SPDX-License-Identifier: GPL-2.0

//! The engine: carries out a transaction, step by step, in tasks of its own.
//!
//! It is generic over a [`Runtime`], which has the locks, the waiting, the tasks and the driver core:
//! the kernel's in the module, a simulated one on the host, where it runs under a scheduler that
//! tries one interleaving after the other.
//!
//! # Steps
//!
//! ```text
//! locked -> Prepare -> Release -> Attach -> Over      (done)
//!              |                     |  \-> Lent -> Return -\
//!              v                     v                      v
//!             Over (nothing touched) Withdraw <-------------/
//!                                    |
//!                                    v
//!                                    Reattach -> Over (rolled back, or returned)
//! ```
//!
//! - `Prepare`: remember what each device has, allocate all that can be needed, close the doors to
//!   users. Only up to here can a transaction be cancelled, or fail without touching anything. At
//!   its end the overrides are set.
//! - `Release`: take the devices from their old drivers.
//! - `Attach`: bind them to the new one, and see whether they are.
//! - `Withdraw`: after a failure, or when a loan ends, take the devices from the new driver, and
//!   set an override that names the old one.
//! - `Reattach`: bind them to it, and put back the override from before.
//!
//! The devices of a step go in the [`Waves`] of the [`Plan`]. No task waits for another: the one that
//! ends a wave starts the next.
//!
//! # A loan
//!
//! is a transaction that stops at `Lent` and goes on when it is told to: giving back is a roll-back
//! with nothing that failed, for which all has been allocated.

mod lock;
mod runtime;

use super::plan::{
    Plan,
    Waves, //
};
use crate::device::marks::Marks;
use kernel::{
    prelude::*,
    sync::Arc, //
};
pub(crate) use lock::TransactionLock;
pub(crate) use runtime::{
    Level,
    Member,
    Monitor,
    Runtime,
    When, //
};

/// The end of a transaction for a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The device is where it was to go.
    Done,
    /// It is back where it was, because of this error.
    RolledBack(Error),
    /// It is back where it was before it was lent.
    Returned,
    /// Nothing was done with it.
    Untouched(Error),
}

/// The time for which a device stays with the new driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Term {
    /// For good.
    Good,
    /// Until the loan is given back.
    Loan,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Prepare,
    Release,
    Attach,
    Lent,
    Return,
    Withdraw,
    Reattach,
    Over,
}

/// Returns `true` if a device of a set is going away, or the one whose file the caller is in.
fn is_any_dying<M: Member>(members: &[M], via: Option<&Marks>) -> bool {
    via.is_some_and(Marks::is_dying) || members.iter().any(|it| it.marks().is_dying())
}

/// The progress of a transaction.
struct Progress<D> {
    step: Step,
    /// The wave of the step that is under way.
    wave: usize,
    /// The devices of the wave that are not done.
    left: usize,
    /// The first device, by its place in the set, that failed, and why.
    failure: Option<(usize, Error)>,
    doors: Option<D>,
    cancelled: bool,
    /// The loan is to be given back, at once or as soon as there is one.
    given_back: bool,
    result: Option<Result>,
}

/// A transaction: devices, and where they go.
///
/// Fields are dropped in declaration order: what keeps the code in memory goes last.
pub(crate) struct Transaction<R: Runtime> {
    members: KVec<R::Member>,
    plan: Plan,
    term: Term,
    progress: R::Monitor<Progress<R::Doors>>,
    /// One for each member, so that starting one allocates nothing.
    tasks: KVec<R::Task>,
    lock: Arc<TransactionLock<R>>,
    _keep: R::Keep,
}

impl<R: Runtime> Transaction<R> {
    /// Makes a transaction, which is not started.
    ///
    /// # Errors
    ///
    /// `EINVAL` if there are no devices; `ENOMEM`.
    pub(crate) fn new(
        lock: &Arc<TransactionLock<R>>,
        members: KVec<R::Member>,
        plan: Plan,
        term: Term,
        keep: R::Keep,
    ) -> Result<Arc<Self>> {
        let mut tasks = KVec::with_capacity(members.len(), GFP_KERNEL)?;

        if members.is_empty() {
            return Err(EINVAL);
        }
        for index in 0..members.len() {
            tasks.push(R::task(index)?, GFP_KERNEL)?;
        }
        let progress = R::Monitor::new(
            Progress {
                step: Step::Prepare,
                wave: 0,
                left: 1,
                failure: None,
                doors: None,
                cancelled: false,
                given_back: false,
                result: None,
            },
            Level::Inner,
        )?;

        Ok(Arc::new(
            Self {
                members,
                plan,
                term,
                progress,
                tasks,
                lock: lock.clone(),
                _keep: keep,
            },
            GFP_KERNEL,
        )?)
    }

    /// The devices.
    pub(crate) fn members(&self) -> &[R::Member] {
        &self.members
    }

    /// The first device that failed, by its place in the set, and why.
    pub(crate) fn failure(&self) -> Option<(usize, Error)> {
        self.progress.with(|progress| progress.failure)
    }

    /// Locks the devices, carries the transaction out, and waits for its end.
    ///
    /// The transaction does not need the caller: when the wait ends early, it goes on by itself, or is
    /// cancelled if it has not touched anything yet.
    ///
    /// `via` is the device whose file the caller is in, if it is in one: its removal waits for the
    /// caller, who must not wait for more.
    ///
    /// # Errors
    ///
    /// `EBUSY` if a device is lent, or in use; `ENODEV` if one is going away; `EINTR` if a fatal
    /// signal arrives; or what failed.
    pub(crate) fn execute(this: &Arc<Self>, via: Option<&Marks>) -> Result {
        this.lock.lock(&this.members, this.term, via)?;
        Self::begin(this);

        let ended = this.lock.wait(|| {
            if let Some(result) = this.progress.with(|progress| progress.result) {
                return Some(result);
            }
            let dying = is_any_dying(&this.members, via);

            dying.then_some(Err(ENODEV))
        });

        ended.unwrap_or_else(|interrupted| {
            this.progress.with(|progress| progress.cancelled = true);
            Err(interrupted)
        })
    }

    /// Carries the transaction out without anybody who waits for it, if the devices are free now.
    ///
    /// # Errors
    ///
    /// `EBUSY` if they are not, `ENODEV` if one is going away.
    pub(crate) fn execute_detached(this: &Arc<Self>) -> Result {
        this.lock.try_lock(&this.members, this.term)?;
        Self::begin(this);
        Ok(())
    }

    /// Ends a loan: its devices go back as soon as nobody uses them.
    ///
    /// Returns at once.
    pub(crate) fn give_back(this: &Arc<Self>) {
        let lent = this.progress.with(|progress| {
            progress.given_back = true;
            let lent = progress.step == Step::Lent;

            if lent {
                progress.step = Step::Return;
                progress.left = 1;
            }
            lent
        });

        // Else whoever carries it out finds the mark.
        if lent {
            for member in &this.members {
                member.returning();
            }
            Self::start(this, 0, When::Now);
        }
    }

    /// Returns `true` if the transaction will do nothing anymore.
    pub(crate) fn is_over(&self) -> bool {
        self.progress.with(|progress| progress.step == Step::Over)
    }

    /// Returns `true` if devices are lent by this transaction, or about to go back.
    pub(crate) fn is_lent(&self) -> bool {
        self.progress
            .with(|progress| matches!(progress.step, Step::Lent | Step::Return))
    }

    fn begin(this: &Arc<Self>) {
        R::begins(&this.members, this.term);
        Self::start(this, 0, When::Now);
    }

    fn start(this: &Arc<Self>, index: usize, when: When) {
        if let Some(task) = this.tasks.get(index) {
            R::start(task, this.clone(), when);
        }
    }

    /// Does what is to be done for the device at `index`. A task calls it.
    pub(crate) fn run(this: &Arc<Self>, index: usize) {
        let mut next = Some(index);

        while let Some(index) = next {
            let step = this.progress.with(|progress| progress.step);
            let result = match (step, this.members.get(index)) {
                (_, None) | (Step::Over | Step::Lent, _) => return,
                (Step::Prepare, _) => this.prepare(),
                (Step::Return, _) => match this.take_back() {
                    Ok(()) => Ok(()),
                    Err(_) => return Self::start(this, index, When::Later),
                },
                (Step::Release, Some(member)) => {
                    member.release();
                    Ok(())
                }
                (Step::Attach, Some(member)) => member.attach(),
                (Step::Withdraw, Some(member)) => {
                    member.withdraw();
                    Ok(())
                }
                (Step::Reattach, Some(member)) => {
                    member.reattach();
                    Ok(())
                }
            };

            next = Self::advance(this, index, result);
        }
    }

    /// Gets everything ready, for all devices.
    fn prepare(&self) -> Result {
        for (index, member) in self.members.iter().enumerate() {
            member.prepare().inspect_err(|&err| {
                self.progress.with(|progress| {
                    progress.failure = Some((index, err));
                });
            })?;
        }
        let doors = R::close_doors(&self.members).map_err(|(index, err)| {
            self.progress
                .with(|progress| progress.failure = Some((index, err)));
            err
        })?;

        self.progress
            .with(|progress| {
                if progress.cancelled || progress.given_back {
                    progress.failure = Some((0, EINTR));
                    return Err((doors, EINTR));
                }
                progress.doors = Some(doors);
                Ok(())
            })
            // The doors open here, with nothing locked.
            .map_err(|(_doors, err)| err)
    }

    /// Takes the devices of a loan for giving them back, if nobody has them.
    fn take_back(&self) -> Result {
        self.lock.lock_returning(&self.members)?;
        let doors = R::close_doors(&self.members).map_err(|(_, err)| {
            self.lock.unlock(&self.members, false);
            err
        })?;

        self.progress.with(|progress| progress.doors = Some(doors));
        Ok(())
    }

    /// Takes note that the step is done for the device at `index`, and goes on when it is for all.
    ///
    /// Returns the device that the caller has to go on with.
    fn advance(this: &Arc<Self>, index: usize, result: Result) -> Option<usize> {
        let (step, wave, failed) = this.progress.with(|progress| {
            if let Err(err) = result {
                if progress.failure.is_none_or(|(first, _)| index < first) {
                    progress.failure = Some((index, err));
                }
            }
            progress.left = progress.left.saturating_sub(1);
            (progress.left == 0).then_some((
                progress.step,
                progress.wave,
                progress.failure.is_some(),
            ))
        })?;
        // From here on, this is the only task of the transaction.
        let mut at = match step {
            Step::Attach if failed => (Step::Withdraw, 0),
            Step::Prepare if failed => {
                Self::end(this);
                return None;
            }
            Step::Prepare => {
                for member in &this.members {
                    member.enter();
                }
                (Step::Release, 0)
            }
            Step::Return => (Step::Withdraw, 0),
            step => (step, wave + 1),
        };

        loop {
            if let Some(wave) = this.waves(at.0).get(at.1) {
                return Self::start_wave(this, at, wave);
            }
            at = match at.0 {
                Step::Release => {
                    this.open_doors();
                    (Step::Attach, 0)
                }
                Step::Attach if this.is_to_be_undone() => (Step::Withdraw, 0),
                Step::Withdraw => {
                    this.open_doors();
                    (Step::Reattach, 0)
                }
                _ => {
                    Self::end(this);
                    return None;
                }
            };
        }
    }

    /// The waves of a step that has any.
    fn waves(&self, step: Step) -> &Waves {
        match step {
            Step::Attach => &self.plan.attach,
            Step::Reattach => &self.plan.reattach,
            _ => &self.plan.release,
        }
    }

    fn start_wave(this: &Arc<Self>, at: (Step, usize), wave: &[usize]) -> Option<usize> {
        let (&mine, others) = wave.split_first()?;

        this.progress.with(|progress| {
            (progress.step, progress.wave) = at;
            progress.left = wave.len();
        });
        for &other in others {
            Self::start(this, other, When::Now);
        }
        Some(mine)
    }

    /// Returns `true` if the loan was given back before there was one.
    fn is_to_be_undone(&self) -> bool {
        self.progress.with(|progress| progress.given_back)
    }

    fn open_doors(&self) {
        let doors = self.progress.with(|progress| progress.doors.take());

        drop(doors);
    }

    /// Ends the transaction, or stops it at the loan.
    fn end(this: &Arc<Self>) {
        this.open_doors();
        let (step, failure) = this
            .progress
            .with(|progress| (progress.step, progress.failure));
        let end = match (step, failure) {
            (Step::Prepare, failure) => End::Untouched(failure.map_or(EINTR, |(_, err)| err)),
            (_, Some((_, err))) => End::RolledBack(err),
            (Step::Attach, None) => End::Done,
            (_, None) => End::Returned,
        };

        for member in &this.members {
            member.finish(end);
        }
        // Whoever has given the loan back meanwhile finds that there is one.
        let (lent, returned) = this.progress.with(|progress| {
            let lent = end == End::Done && this.term == Term::Loan;
            let returned = lent && progress.given_back;

            progress.step = match (lent, returned) {
                (true, true) => Step::Return,
                (true, false) => Step::Lent,
                (false, _) => Step::Over,
            };
            progress.wave = 0;
            progress.left = 1;
            if progress.result.is_none() {
                progress.result = Some(failure.map_or(Ok(()), |(_, err)| Err(err)));
            }
            (lent, returned)
        });

        this.lock.unlock(&this.members, !lent);
        if returned {
            Self::start(this, 0, When::Now);
        }
    }
}
