// SPDX-License-Identifier: GPL-2.0

//! The services of the kernel for the engine: work items on a queue of this module's own.

use super::{
    engine::{
        self,
        Level,
        Term,
        Transaction,
        When, //
    },
    participant::Participant,
    reason::Reason, //
};
use crate::{
    abstractions::{
        device,
        iommu,
        module,
        monitor::Monitor,
        trace,
        vfio::door::{
            self,
            DoorClosed, //
        },
        workqueue, //
    },
    device::usage, //
};
use kernel::{
    impl_has_delayed_work,
    new_delayed_work,
    prelude::*,
    static_lock_class,
    sync::{
        new_spinlock,
        Arc,
        SpinLock, //
    },
    workqueue::{
        DelayedWork,
        WorkItem, //
    }, //
};

/// The time for which something that is in the way is left alone before it is looked at again.
const LATER_MS: u32 = 50;

/// The kernel.
pub(crate) enum Kernel {}

/// A [`Monitor`] in memory of its own.
pub(crate) struct BoxedMonitor<T: Unpin>(Pin<KBox<Monitor<T>>>);

impl<T: Send + Unpin> engine::Monitor<T> for BoxedMonitor<T> {
    fn new(value: T, level: Level) -> Result<Self> {
        let monitor = match level {
            Level::Outer => KBox::pin_init(
                Monitor::new(value, c"overdrive_transactions", static_lock_class!()),
                GFP_KERNEL,
            ),
            Level::Inner => KBox::pin_init(
                Monitor::new(value, c"overdrive_progress", static_lock_class!()),
                GFP_KERNEL,
            ),
        };

        monitor.map(Self)
    }

    fn with<U>(&self, f: impl FnOnce(&mut T) -> U) -> U {
        self.0.with(f)
    }

    fn update<U>(&self, f: impl FnOnce(&mut T) -> U) -> U {
        self.0.update(f)
    }

    fn wait<U>(&self, f: impl FnMut(&mut T) -> Option<U>) -> Result<U> {
        self.0.wait(f)
    }

    fn wait_timeout<U>(&self, msecs: u32, f: impl FnMut(&mut T) -> Option<U>) -> Option<U> {
        self.0.wait_timeout(msecs, f)
    }
}

/// The task of a device: a work item.
#[pin_data]
pub(crate) struct Task {
    index: usize,
    /// The transaction, from the start to the run.
    #[pin]
    transaction: SpinLock<Option<Arc<Transaction<Kernel>>>>,
    #[pin]
    work: DelayedWork<Task>,
}

impl_has_delayed_work! {
    impl HasDelayedWork<Self> for Task { self.work }
}

impl WorkItem for Task {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        let transaction = this.transaction.lock().take();

        if let Some(transaction) = transaction {
            Transaction::run(&transaction, this.index);
        }
    }
}

/// The guard that keeps users out of the devices of a transaction.
pub(crate) struct Doors {
    _doors: KVec<DoorClosed>,
    _claims: KVec<iommu::Claim>,
}

impl Doors {
    /// Closes those of the devices that will be released.
    fn close(members: &[Participant]) -> Result<Self, (usize, Error)> {
        let mut doors = KVec::new();
        let mut claims = KVec::<iommu::Claim>::new();

        for (index, member) in members.iter().enumerate() {
            if member.will_be_released() {
                Self::close_one(member, &mut doors, &mut claims).map_err(|err| (index, err))?;
            }
        }
        Ok(Self {
            _doors: doors,
            _claims: claims,
        })
    }

    fn close_one(
        member: &Participant,
        doors: &mut KVec<DoorClosed>,
        claims: &mut KVec<iommu::Claim>,
    ) -> Result {
        let dev = member.tracked().device();

        match door::close(dev) {
            Ok(door) => return Ok(doors.push(door, GFP_KERNEL)?),
            // Another driver has it, or none.
            Err(ENODEV) => {}
            Err(err) => {
                dev_err!(dev, "userspace has it open\n");
                return Err(member.is_in_the_way(Reason::Open, err));
            }
        }
        if !device::has_vfio_device(dev) || !device::has_iommu(dev) {
            return Ok(());
        }
        let Some(group) = iommu::Group::of(dev) else {
            return Ok(());
        };

        if claims.iter().any(|claim| claim.group().is(&group)) {
            return Ok(());
        }
        match group.claim() {
            Ok(claim) => Ok(claims.push(claim, GFP_KERNEL)?),
            // Somebody has it. Userspace can't, if a driver of the kernel has.
            Err(_) if !usage::group_is_owned(dev)? => Ok(()),
            Err(_) => {
                dev_err!(dev, "userspace has its IOMMU group\n");
                Err(member.is_in_the_way(Reason::GroupOwned, EBUSY))
            }
        }
    }
}

impl engine::Runtime for Kernel {
    type Monitor<T: Send + Unpin> = BoxedMonitor<T>;
    type Member = Participant;
    type Doors = Doors;
    type Task = Arc<Task>;
    type Keep = module::Reference;

    fn task(index: usize) -> Result<Arc<Task>> {
        Arc::pin_init(
            pin_init!(Task {
                index,
                transaction <- new_spinlock!(None, "overdrive_task"),
                work <- new_delayed_work!("overdrive_task"),
            }),
            GFP_KERNEL,
        )
    }

    fn start(task: &Arc<Task>, transaction: Arc<Transaction<Self>>, when: When) {
        let msecs = match when {
            When::Now => 0,
            When::Later => LATER_MS,
        };

        *task.transaction.lock() = Some(transaction);
        workqueue::queue(task.clone(), msecs);
    }

    fn begins(members: &[Participant], term: Term) {
        if let Some(first) = members.first() {
            let driver = first.target().as_override().unwrap_or_default();

            trace::begin(first.id(), members.len(), driver, term == Term::Loan);
        }
    }

    fn close_doors(members: &[Participant]) -> Result<Doors, (usize, Error)> {
        Doors::close(members)
    }
}
