// SPDX-License-Identifier: GPL-2.0

//! Transactions: a set of devices moves to another driver, or everything is as it was.
//!
//! The [`plan`] says in which order; the [`engine`] carries it out, in work items of the [`runtime`].
//! Whoever wants a transaction only waits for it.
//!
//! # Locks
//!
//! From the outside to the inside: sysfs, configfs or the lock of an open file; the lock on the devices
//! of a transaction, which is a mark at each of them and no mutex; the parent's device lock, for USB; the
//! device lock, which the driver core takes; the locks of [`crate::device`]. The driver core is never
//! called with one of the latter held, nor with the one that the marks are changed under.
//!
//! # Nobody waits for a transaction but who asked for it
//!
//! A removal is announced in the notifier chain of the bus, a reader-writer semaphore: whoever waits
//! there stops those who want to register with the chain, such as the probe of a PCI device with virtual
//! functions, and everybody behind them. So the announcement marks the device and wakes those who wait
//! for a transaction of it; they leave, and the transaction ends by itself.

#![deny(unsafe_code)]

mod answer;
pub(crate) mod engine;
mod group;
pub(crate) mod loan;
mod participant;
pub(crate) mod plan;
mod reason;
mod runtime;
mod set;
pub(crate) mod target;

use crate::{
    abstractions::{
        global::{
            Global,
            Published, //
        },
        module,
        monitor::sleep_killable,
        power::{
            Power,
            PowerNotifier, //
        },
        workqueue::WorkQueue, //
    },
    device::{
        list::Devices,
        marks::Marks,
        override_source::OverrideSource,
        tracked::TrackedDevice, //
    },
};
pub(crate) use answer::Answer;
use engine::{
    Term,
    Transaction,
    TransactionLock, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};
use loan::Loans;
pub(crate) use participant::Back;
use participant::{
    give_to,
    Participant, //
};
use runtime::Kernel;
use target::Target;

static TRANSACTIONS: Global<Arc<Transactions>> = Global::new();

/// The means to move devices.
pub(crate) struct Transactions {
    devices: Arc<Devices>,
    lock: Arc<TransactionLock<Kernel>>,
    module: &'static ThisModule,
}

impl Transactions {
    /// Makes the means to move `devices`.
    pub(crate) fn new(devices: Arc<Devices>, module: &'static ThisModule) -> Result<Arc<Self>> {
        Ok(Arc::new(
            Self {
                devices,
                lock: Arc::new(TransactionLock::new()?, GFP_KERNEL)?,
                module,
            },
            GFP_KERNEL,
        )?)
    }

    /// Makes these the transactions that users reach, until the guard is dropped.
    pub(crate) fn publish(self: Arc<Self>) -> Result<Published<Arc<Self>>> {
        TRANSACTIONS.publish(self)
    }

    /// The transactions that users reach.
    ///
    /// # Errors
    ///
    /// `ENODEV` while the module starts or stops.
    pub(crate) fn published() -> Result<Arc<Self>> {
        TRANSACTIONS.get().ok_or(ENODEV)
    }

    /// Marks a device as going away, so that no transaction takes it anymore.
    pub(crate) fn going(&self, device: &TrackedDevice) {
        self.lock.dying(&device.marks);
    }

    /// Moves one device for good.
    ///
    /// # Errors
    ///
    /// `ENOENT` if there is no such driver; `EPERM` if users can't bind or unbind it; `EBUSY` if
    /// userspace has it, or it is lent; `EAGAIN` if the probe defers; `ENODEV` if it is going away;
    /// `EINTR` if a fatal signal arrives; or what the probe returns.
    pub(crate) fn rebind(&self, tracked: &Arc<TrackedDevice>, target: Target) -> Result {
        let members = set::of_one(tracked)?;

        self.execute(&members, target, None, Some(&tracked.marks))
    }

    /// Moves one device because of a rule.
    pub(crate) fn rebind_by_rule(
        &self,
        tracked: &Arc<TrackedDevice>,
        target: Target,
        source: OverrideSource,
    ) -> Result {
        self.execute(&set::of_one(tracked)?, target, Some(source), None)
    }

    /// Moves one device because of a rule, without anybody who waits for it.
    ///
    /// # Errors
    ///
    /// `EBUSY` if a transaction works on the device; `ENODEV`, `ENOMEM`.
    pub(crate) fn rebind_detached(
        &self,
        tracked: &Arc<TrackedDevice>,
        target: Target,
        source: OverrideSource,
    ) -> Result {
        let transaction = self.make(
            &set::of_one(tracked)?,
            target,
            Term::Good,
            Some(source),
            &mut Answer::default(),
        )?;

        Transaction::execute_detached(&transaction)
    }

    /// Has a driver asked for a device that has none, and whose override names it.
    ///
    /// [`None`] if that can't be now: a transaction has the device, it is lent or going away, or the
    /// machine sleeps.
    pub(crate) fn ask_driver(
        &self,
        tracked: &TrackedDevice,
        driver: &[u8],
    ) -> Option<Result<Back>> {
        self.lock.try_lock_one(&tracked.marks).ok()?;
        let ret = give_to(tracked.device(), driver);

        self.lock.unlock_one(&tracked.marks);
        Some(ret)
    }

    /// Moves all endpoints of the device's IOMMU group, or none.
    ///
    /// # Errors
    ///
    /// As [`Transactions::rebind`] and [`Transactions::endpoints`].
    pub(crate) fn rebind_group(&self, tracked: &Arc<TrackedDevice>, target: Target) -> Result {
        // Also where there is no endpoint that would say so.
        target.validate(tracked.device())?;
        self.execute(
            &self.endpoints(tracked)?,
            target,
            None,
            Some(&tracked.marks),
        )
    }

    fn execute(
        &self,
        devices: &[Arc<TrackedDevice>],
        target: Target,
        source: Option<OverrideSource>,
        via: Option<&Marks>,
    ) -> Result {
        let transaction = self.make(devices, target, Term::Good, source, &mut Answer::default())?;

        Transaction::execute(&transaction, via)
    }

    /// Moves a set of devices for good. `wait` waits for their users first.
    ///
    /// # Errors
    ///
    /// As [`Transactions::rebind`], and `EBUSY` if the devices can't be moved together.
    pub(crate) fn bind(
        &self,
        devices: &[Arc<TrackedDevice>],
        target: Target,
        wait: bool,
        answer: &mut Answer,
    ) -> Result {
        let transaction = self.make(devices, target, Term::Good, None, answer)?;

        Self::execute_for(&transaction, wait, answer)
    }

    /// Lends a set of devices to a file.
    ///
    /// # Errors
    ///
    /// As [`Transactions::bind`].
    pub(crate) fn lend(
        &self,
        devices: &[Arc<TrackedDevice>],
        target: Target,
        wait: bool,
        loans: &Loans,
        answer: &mut Answer,
    ) -> Result {
        let again = loans.have(devices, target.as_override());
        let transaction = self.make(devices, target, Term::Loan, None, answer)?;

        if again {
            answer.of(&transaction, Ok(()));
            return Ok(());
        }
        loans.enter(&transaction)?;
        Self::execute_for(&transaction, wait, answer)
    }

    /// Carries a transaction out, and tells what became of it.
    fn execute_for(
        transaction: &Arc<Transaction<Kernel>>,
        wait: bool,
        answer: &mut Answer,
    ) -> Result {
        let ret = if wait {
            wait_for_users(transaction.members())
        } else {
            Ok(())
        };
        let ret = ret.and_then(|()| Transaction::execute(transaction, None));

        answer.of(transaction, ret);
        ret
    }

    /// Makes a transaction, which keeps the module from being unloaded.
    fn make(
        &self,
        devices: &[Arc<TrackedDevice>],
        target: Target,
        term: Term,
        source: Option<OverrideSource>,
        answer: &mut Answer,
    ) -> Result<Arc<Transaction<Kernel>>> {
        let keep = module::Reference::this(self.module)?;
        let plan = set::plan(&self.devices, devices, &target, answer)?;
        let members = set::participants(devices, target, term, source)?;

        Transaction::new(&self.lock, members, plan, term, keep)
    }
}

/// Waits until no user has any of the devices that are to be taken from their drivers.
///
/// # Errors
///
/// `EINTR` if a fatal signal arrives, `ENODEV` if a device is going away.
fn wait_for_users(members: &[Participant]) -> Result {
    /// The time between two looks at them: nobody tells.
    const PAUSE_MS: u32 = 100;

    for member in members {
        while member.is_in_use()? {
            if member.tracked().marks.is_dying() {
                return Err(ENODEV);
            }
            sleep_killable(PAUSE_MS)?;
        }
    }
    Ok(())
}

/// The mover of devices in the background, which hears of the machine going to sleep.
///
/// Fields are dropped in declaration order. No transaction is left when they are: each keeps the module
/// loaded. What may be left is the end of a work item.
pub(crate) struct Background {
    _power: PowerNotifier<Transactions>,
    _queue: WorkQueue,
}

impl Background {
    /// Starts it.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            _queue: WorkQueue::new(c"overdrive")?,
            _power: PowerNotifier::new()?,
        })
    }
}

/// The time that transactions may take to end before the machine sleeps.
const STOP_MS: u32 = 10_000;

/// During suspend, probes are deferred, and nobody would try them again.
impl Power for Transactions {
    fn stop() -> Result {
        match Self::published() {
            Ok(this) => this.lock.close(STOP_MS),
            Err(_) => Ok(()),
        }
    }

    fn start() {
        if let Ok(this) = Self::published() {
            this.lock.open();
        }
    }
}
