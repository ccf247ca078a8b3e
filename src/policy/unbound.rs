// SPDX-License-Identifier: GPL-2.0

//! Devices that were not bound to the driver which a rule named, until it is known why.
//!
//! The driver core tells that a probe did not bind the device, but not whether the driver has refused it,
//! or can't take it yet and is going to be asked again. So the driver is asked once more, where its
//! answer is to be had.

use super::{
    report,
    Policy, //
};
use crate::{
    abstractions::{
        delayed_work::Work,
        device, //
    },
    device::tracked::TrackedDevice,
    driver_name::DriverName,
    transaction::{
        Back,
        Transactions, //
    }, //
};
use kernel::{
    prelude::*,
    sync::{
        new_mutex,
        Arc,
        Mutex, //
    }, //
};

type List = KVec<Arc<TrackedDevice>>;

/// The devices whose probe, for a rule, has not bound them.
#[pin_data]
pub(super) struct Unbound {
    #[pin]
    devices: Mutex<List>,
    transactions: Arc<Transactions>,
}

impl Unbound {
    /// Until the driver is asked: who has just asked it comes first.
    const DELAY_MS: u32 = 10;

    /// Until it is tried again when that is too early, or somebody else has the device.
    const AGAIN_MS: u32 = 50;

    pub(super) fn new(transactions: Arc<Transactions>) -> impl PinInit<Self> {
        pin_init!(Self {
            devices <- new_mutex!(KVec::new(), "overdrive_unbound"),
            transactions,
        })
    }

    /// Enters a device, once.
    fn enter(&self, tracked: &Arc<TrackedDevice>) {
        let mut devices = self.devices.lock();

        if !devices.iter().any(|it| Arc::ptr_eq(it, tracked)) {
            // Without memory nothing is told, which is no lie.
            let _ = devices.push(tracked.clone(), GFP_KERNEL);
        }
    }

    /// Finds out about a device, and tells it. Returns `false` if it is too early.
    fn settle(&self, tracked: &Arc<TrackedDevice>) -> bool {
        let dev = tracked.device();
        let driver = match tracked.rule_driver() {
            Ok(Some(driver)) if &driver[..] != DriverName::NONE => driver,
            _ => return true,
        };

        if tracked.marks.is_dying() || device::is_bound(dev) {
            return true;
        }
        if !device::add_was_told(dev) {
            return false;
        }
        match self.transactions.ask_driver(tracked, &driver) {
            None => return tracked.marks.is_lent(),
            Some(Ok(Back::Bound)) => report::report(tracked, c"OVERDRIVE=bound", |_| true),
            Some(Ok(Back::Deferred)) => report::report_deferral(tracked),
            // There is no such driver anymore.
            Some(Err(ENOENT)) => {}
            Some(Err(_)) => report::report(tracked, c"OVERDRIVE=failed", |_| true),
        }
        true
    }
}

impl Work for Unbound {
    fn run(&self) -> Option<u32> {
        // A probe can take long, and that of another device can fail meanwhile.
        let mut taken = core::mem::take(&mut *self.devices.lock());

        taken.retain(|tracked| !self.settle(tracked));
        for tracked in &taken {
            self.enter(tracked);
        }
        (!taken.is_empty()).then_some(Self::AGAIN_MS)
    }
}

impl Policy {
    /// Finds out why a device is not bound to the driver that a rule named, and tells userspace.
    pub(super) fn find_out_why(&self, tracked: &Arc<TrackedDevice>) {
        // A transaction tells by itself.
        if tracked.marks.is_locked() {
            return;
        }
        let is_by_rule = tracked
            .state
            .lock()
            .source
            .as_ref()
            .is_some_and(|source| !source.reported);

        if is_by_rule {
            self.unbound.work().enter(tracked);
            self.unbound.schedule(Unbound::DELAY_MS);
        }
    }
}
