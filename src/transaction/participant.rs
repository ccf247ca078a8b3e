// SPDX-License-Identifier: GPL-2.0

//! A device in a transaction, and what is needed to put it back.

use super::{
    engine::{
        End,
        Member,
        Term, //
    },
    reason::Reason,
    target::{
        self,
        Target, //
    }, //
};
use crate::{
    abstractions::{
        device::{
            self,
            Driver, //
        },
        driver_override::{
            self,
            Override,
            Token, //
        },
        trace, //
    },
    device::{
        marks::Marks,
        outcome::Outcome,
        override_source::OverrideSource,
        tracked::{
            Loan,
            TrackedDevice, //
        },
        usage, //
    },
    driver_name::DriverName,
};
use kernel::{
    device::Device,
    prelude::*,
    str::{
        BStr,
        CString, //
    },
    sync::{
        new_mutex,
        Arc,
        Mutex, //
    }, //
};

/// The memory that a transaction has of a device.
struct Saved {
    /// The override that the device has when it isn't the new one.
    other: Option<Override>,
    /// The rule that sets the new override, until it is set.
    source: Option<OverrideSource>,
    /// A rule had set the override from before.
    had_source: bool,
    /// An override that names the old driver.
    naming: Option<Override>,
    /// The token of the override that the transaction has set.
    token: Token,
    old_driver: KVec<u8>,
    /// The override was set.
    entered: bool,
    released: bool,
    /// The way in which the old driver took the device back.
    back: Result<Back>,
    /// The reason for which the transaction failed because of this device.
    reason: Option<Reason>,
    /// The outcome for the device.
    outcome: Option<Outcome>,
}

/// The way in which a device came to a driver that can take it later.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Back {
    /// It is with the driver.
    Bound,
    /// The driver takes it when it can.
    Deferred,
}

/// A device in a transaction.
pub(crate) struct Participant {
    /// The number of the transaction.
    id: trace::Id,
    tracked: Arc<TrackedDevice>,
    target: Arc<Target>,
    term: Term,
    saved: Pin<KBox<Mutex<Saved>>>,
}

impl Participant {
    /// Makes one. `source` is the rule that moves the device, if one does.
    pub(super) fn new(
        id: trace::Id,
        tracked: Arc<TrackedDevice>,
        target: Arc<Target>,
        term: Term,
        source: Option<OverrideSource>,
    ) -> Result<Self> {
        let saved = Saved {
            other: None,
            source,
            had_source: false,
            naming: None,
            token: Token::NONE,
            old_driver: KVec::with_capacity(DriverName::MAX_LEN, GFP_KERNEL)?,
            entered: false,
            released: false,
            back: Ok(Back::Bound),
            reason: None,
            outcome: None,
        };

        Ok(Self {
            id,
            tracked,
            target,
            term,
            saved: KBox::pin_init(new_mutex!(saved, "overdrive_saved"), GFP_KERNEL)?,
        })
    }

    fn with<R>(&self, f: impl FnOnce(&mut Saved) -> R) -> R {
        f(&mut self.saved.lock())
    }

    /// Returns the number of the transaction.
    pub(super) fn id(&self) -> trace::Id {
        self.id
    }

    /// The device, as it is tracked.
    pub(super) fn tracked(&self) -> &Arc<TrackedDevice> {
        &self.tracked
    }

    fn device(&self) -> &Device {
        self.tracked.device()
    }

    /// Returns the reason for which the transaction failed because of this device, if it did.
    pub(super) fn reason(&self) -> Option<Reason> {
        self.with(|saved| saved.reason)
    }

    /// Returns the outcome for the device, unless nothing was done with it.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        self.with(|saved| saved.outcome)
    }

    /// Notes why this device is in the way, and returns the error.
    pub(super) fn is_in_the_way(&self, reason: Reason, err: Error) -> Error {
        self.with(|saved| saved.reason = Some(reason));
        err
    }

    /// Returns the destination of the device.
    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// Returns `true` if the device will be taken from its driver.
    ///
    /// An override of the device counts as it is now.
    pub(super) fn will_be_released(&self) -> bool {
        !self.target.is_reached(self.device())
    }

    /// Returns `true` if the transaction has set the override: what it does then is to go back.
    pub(super) fn has_entered(&self) -> bool {
        self.with(|saved| saved.entered)
    }

    /// Returns `true` if the next thing that is done with the device is to take it from its driver.
    ///
    /// A device goes back if it was released; where it is then, it is by this transaction.
    pub(super) fn is_to_be_taken(&self) -> bool {
        let (entered, released) = self.with(|saved| (saved.entered, saved.released));

        match entered {
            true => released,
            false => self.will_be_released(),
        }
    }

    /// Returns `true` if the device is to be taken from its driver while userspace has it, or to be
    /// given to one that can't have it while userspace has its group.
    pub(super) fn is_in_use(&self) -> Result<bool> {
        let dev = self.device();

        Ok(self.will_be_released()
            && (usage::is_open(dev)?
                || !self.target.is_for_userspace(dev) && usage::group_is_owned(dev)?))
    }

    /// Exchanges the override for `new`, if it is still the transaction's, and returns `true` then.
    fn replace(&self, saved: &mut Saved, new: Option<Override>) -> bool {
        let token = Token::of(new.as_ref());
        let replaced = driver_override::replace_token(self.device(), saved.token, new);
        let is_ours = replaced.is_ok();

        if is_ours {
            saved.token = token;
        }
        is_ours
    }

    /// Returns `true` if the override is the one that the transaction has set.
    fn is_ours(&self, saved: &Saved) -> bool {
        driver_override::token(self.device()) == saved.token
    }

    /// Puts the override from before back, unless somebody has changed it meanwhile.
    fn restore(&self, saved: &mut Saved) {
        let mut state = self.tracked.state.lock();
        let source = state.shelved.take();
        let other = saved.other.take();

        // The rule that had set it can be gone.
        let other = if saved.had_source && source.is_none() {
            None
        } else {
            other
        };

        if self.replace(saved, other) {
            state.source = source;
        }
    }

    fn trace_end(&self, end: End, back: Result<Back>) {
        let dev = self.device();

        self.with(|saved| match end {
            End::Untouched(_) => {}
            End::Done if self.term == Term::Good => {}
            End::Done => trace::lend(self.id, dev, self.target.as_override().unwrap_or_default()),
            End::RolledBack(err) => trace::roll_back(self.id, dev, &saved.old_driver, err),
            End::Returned => {
                trace::give_back(self.id, dev, &saved.old_driver, back.map(|_| ()));
            }
        });
    }

    /// Sets the outcome, and tells it.
    fn conclude(&self, outcome: Outcome) {
        self.with(|saved| saved.outcome = Some(outcome));
        {
            let mut state = self.tracked.state.lock();

            state.outcome = outcome;
            state.loan = match (outcome, self.term) {
                (Outcome::Done, Term::Loan) => Loan::Lent,
                _ => Loan::None,
            };
        }
        if self.tracked.marks.is_dying() {
            // Nobody else does it anymore.
            self.tracked.leave_override();
        }
        let result = match outcome {
            Outcome::RolledBack(_) => c"OVERDRIVE=rolled-back",
            Outcome::Stranded { .. } => c"OVERDRIVE=stranded",
            Outcome::Deferred(_) => c"OVERDRIVE=deferred",
            Outcome::Returned => c"OVERDRIVE=returned",
            _ if self.term == Term::Loan => c"OVERDRIVE=lent",
            _ => c"OVERDRIVE=done",
        };
        let driver = BStr::from_bytes(self.target.as_override().unwrap_or_default());
        let driver = CString::try_from_fmt(fmt!("OVERDRIVE_DRIVER={driver}"));

        if let Ok(driver) = driver {
            self.tracked.tell([result, c"OVERDRIVE_BY=rebind", &driver]);
        }
    }
}

impl Member for Participant {
    fn marks(&self) -> &Marks {
        &self.tracked.marks
    }

    fn prepare(&self) -> Result {
        let dev = self.device();

        let for_userspace = self.target.validate(dev).map_err(|err| {
            let reason = match err {
                ENOENT => Reason::NoDriver,
                _ => Reason::Fixed,
            };

            self.is_in_the_way(reason, err)
        })?;
        let by_rule = self.with(|saved| saved.source.is_some());
        let new = match self.target.as_override() {
            None => None,
            Some(name) if by_rule => Some(Override::distinct(name)?),
            Some(name) => Some(Override::new(name)?),
        };
        let mut old_driver = self.with(|saved| core::mem::take(&mut saved.old_driver));

        old_driver.clear();
        // One that is only being probed is no driver yet.
        let fixed = device::with_bound_driver(dev, |drv| {
            for &c in drv.map(Driver::name).unwrap_or_default() {
                // A name is a file name, so that there is room for it.
                let _ = old_driver.push_within_capacity(c);
            }
            drv.is_some_and(Driver::suppresses_bind_attrs)
        });
        if fixed {
            dev_err!(dev, "its driver can't be unbound by users\n");
            return Err(self.is_in_the_way(Reason::Fixed, EPERM));
        }

        self.with(|saved| {
            saved.other = new;
            saved.old_driver = old_driver;
            if !saved.old_driver.is_empty() {
                saved.naming = Some(Override::new(&saved.old_driver)?);
            }
            Ok::<_, Error>(())
        })?;

        // Who would probe it finds that userspace has its group.
        if !for_userspace && self.will_be_released() && usage::group_is_owned(dev)? {
            dev_err!(dev, "userspace has its IOMMU group\n");
            return Err(self.is_in_the_way(Reason::GroupOwned, EBUSY));
        }
        Ok(())
    }

    fn enter(&self) {
        let old = self.with(|saved| {
            let mut state = self.tracked.state.lock();
            let token = Token::of(saved.other.as_ref());
            let old = driver_override::replace(self.device(), saved.other.take());
            let old_token = Token::of(old.as_ref());
            let mut source = saved.source.take();

            if let Some(source) = &mut source {
                source.token = token;
                trace::rule(self.device(), &source.name, &source.driver);
            }
            let shelved = core::mem::replace(&mut state.source, source);
            // What somebody else has set since is no rule's.
            let shelved = shelved.filter(|source| source.token == old_token);

            saved.had_source = shelved.is_some();
            saved.entered = true;
            saved.token = token;
            saved.other = old;
            state.outcome = Outcome::Busy;
            // A transaction that comes between decides anew.
            let awaiting = state.awaiting.take();

            (core::mem::replace(&mut state.shelved, shelved), awaiting)
        });

        drop(old);
    }

    fn release(&self) {
        if self.will_be_released() {
            device::release_driver(self.device());
            self.with(|saved| {
                saved.released = true;
                trace::release(self.id, self.device(), &saved.old_driver);
            });
        }
    }

    fn attach(&self) -> Result {
        let dev = self.device();

        if !self.with(|saved| saved.released) {
            return Ok(());
        }
        let ret = self.target.attach(dev);
        let driver = self.target.as_override().unwrap_or_default();

        trace::attach(self.id, dev, driver, ret);
        ret.inspect_err(|&err| {
            let reason = match err {
                EAGAIN => Reason::Deferred,
                ENOMEM => Reason::NoMemory,
                _ if self.tracked.marks.is_dying() => Reason::Gone,
                _ => Reason::Probe,
            };

            self.is_in_the_way(reason, err);
            dev_err!(
                dev,
                "{} did not take it: error {}\n",
                BStr::from_bytes(self.target.as_text()),
                err.to_errno()
            );
        })
    }

    fn withdraw(&self) {
        let (ours, released) = self.with(|saved| (self.is_ours(saved), saved.released));

        // Who has written another override has decided about the device.
        if !ours {
            return;
        }
        if released {
            let driver = self.target.as_override().unwrap_or_default();

            device::release_driver(self.device());
            trace::release(self.id, self.device(), driver);
            self.with(|saved| {
                if let Some(naming) = saved.naming.take() {
                    let mut state = self.tracked.state.lock();

                    if self.replace(saved, Some(naming)) {
                        state.source = None;
                    }
                }
            });
        }
    }

    fn reattach(&self) {
        let dev = self.device();
        let (ours, released) = self.with(|saved| (self.is_ours(saved), saved.released));

        if !ours {
            // What was put aside is nobody's anymore.
            let shelved = self.tracked.state.lock().shelved.take();

            drop(shelved);
            return;
        }
        // Taken out meanwhile: nothing is locked while the driver core is called.
        let old_driver = self.with(|saved| core::mem::take(&mut saved.old_driver));
        let back = if released && !old_driver.is_empty() {
            let back = give_to(dev, &old_driver);
            let ret = match back {
                Ok(Back::Bound) => Ok(()),
                Ok(Back::Deferred) => Err(EAGAIN),
                Err(err) => Err(err),
            };

            trace::attach(self.id, dev, &old_driver, ret);
            back
        } else {
            Ok(Back::Bound)
        };

        self.with(|saved| {
            saved.back = back;
            if back == Ok(Back::Deferred) {
                let mut state = self.tracked.state.lock();

                // The rule's own one stays shelved until then.
                state.awaiting = Some((saved.token, saved.other.take()));
            } else {
                self.restore(saved);
            }
        });
        if back == Ok(Back::Deferred) && target::is_bound_to(dev, &old_driver) {
            // It has come meanwhile.
            self.tracked.settle_awaiting();
        }
        self.with(|saved| saved.old_driver = old_driver);
    }

    fn returning(&self) {
        self.tracked.state.lock().loan = Loan::Returning;
    }

    fn finish(&self, end: End) {
        let dev = self.device();
        let back = self.with(|saved| saved.back);

        let outcome = match (end, back) {
            (End::Untouched(_), _) => return,
            (End::Done, _) => {
                // There is no way back anymore.
                if self.term == Term::Good {
                    let shelved = self.tracked.state.lock().shelved.take();

                    drop(shelved);
                }
                Outcome::Done
            }
            (End::RolledBack(error), Ok(Back::Bound)) => Outcome::RolledBack(error),
            (End::RolledBack(error), Ok(Back::Deferred)) => Outcome::Deferred(error),
            (End::RolledBack(error), Err(rollback)) => Outcome::Stranded { error, rollback },
            (End::Returned, Ok(Back::Bound)) => Outcome::Returned,
            (End::Returned, Ok(Back::Deferred)) => Outcome::Deferred(EAGAIN),
            (End::Returned, Err(rollback)) => Outcome::Stranded {
                error: rollback,
                rollback,
            },
        };

        self.trace_end(end, back);
        if let Err(err) = back {
            if !self.tracked.marks.is_dying() {
                dev_err!(
                    dev,
                    "{} did not take it back: error {}; it has no driver\n",
                    BStr::from_bytes(&self.with(|saved| core::mem::take(&mut saved.old_driver))),
                    err.to_errno()
                );
            }
        }
        self.conclude(outcome);
    }
}

/// Binds the device to a driver that its override names, now or when the driver can take it.
pub(super) fn give_to(dev: &Device, driver: &[u8]) -> Result<Back> {
    // A lack of memory is often over a moment later, and says nothing about the driver: one more try.
    let ret = target::attach_to(dev, driver).or_else(|err| match err {
        ENOMEM => target::attach_to(dev, driver),
        err => Err(err),
    });

    match ret {
        Ok(()) => Ok(Back::Bound),
        // The driver core tries again when it can.
        Err(EAGAIN) if device::probe(dev) => Ok(Back::Bound),
        Err(EAGAIN) => Ok(Back::Deferred),
        Err(err) => Err(err),
    }
}
