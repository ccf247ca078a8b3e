// SPDX-License-Identifier: GPL-2.0

//! What all parts of the engine share.

use super::{
    claim::Claims,
    tracked::{
        TrackedDevice,
        TrackedBus, //
    },
    report::KeptOff,
    rules::{
        table::Table,
        RuleId, //
    }, //
};
use crate::abstractions::{
    delayed_work::DelayedWork,
    device,
    global::{
        Global,
        Published, //
    }, //
};
use kernel::{
    device::Device,
    prelude::*,
    rbtree::RBTree,
    sync::{
        new_mutex,
        Arc,
        Mutex, //
    }, //
};

static ENGINE: Global<Arc<Engine>> = Global::new();

/// The rules, with what it takes to add one.
pub(super) struct Rules {
    pub(super) table: Table,
    next_age: u64,
}

/// The devices of tracked buses.
pub(super) struct Devices {
    by_id: RBTree<usize, Arc<TrackedDevice>>,
}

/// The rules and the devices.
#[pin_data]
pub(crate) struct Engine {
    #[pin]
    pub(super) rules: Mutex<Rules>,
    #[pin]
    devices: Mutex<Devices>,
    #[pin]
    pub(super) claims: Claims,
    #[pin]
    pub(super) kept_off: DelayedWork<KeptOff>,
}

impl Engine {
    /// Makes an engine without rules and devices.
    pub(crate) fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                rules <- new_mutex!(
                    Rules {
                        table: Table::new(),
                        next_age: 0,
                    },
                    "overdrive_rules"
                ),
                devices <- new_mutex!(
                    Devices {
                        by_id: RBTree::new(),
                    },
                    "overdrive_devices"
                ),
                claims <- Claims::new(),
                kept_off <- DelayedWork::new(KeptOff::new()),
            }),
            GFP_KERNEL,
        )
    }

    /// Makes this the engine that users reach, until the guard is dropped.
    pub(crate) fn publish(self: Arc<Self>) -> Result<Published<Arc<Self>>> {
        ENGINE.publish(self)
    }

    /// The engine that users reach.
    ///
    /// # Errors
    ///
    /// `ENODEV` while the module starts or stops.
    pub(crate) fn get() -> Result<Arc<Self>> {
        ENGINE.get().ok_or(ENODEV)
    }

    /// The age of a rule that is made now.
    pub(crate) fn new_rule_id(&self) -> RuleId {
        let mut rules = self.rules.lock();

        rules.next_age += 1;
        RuleId(rules.next_age)
    }

    /// What is known of a device.
    ///
    /// # Errors
    ///
    /// `ENODEV` if it is not tracked.
    pub(crate) fn tracked(&self, dev: &Device) -> Result<Arc<TrackedDevice>> {
        let devices = self.devices.lock();

        devices.by_id.get(&device::id(dev)).cloned().ok_or(ENODEV)
    }

    /// Adds a device, unless it is there already or its bus is no longer tracked.
    pub(super) fn add(&self, tracked: &Arc<TrackedDevice>) -> Result<bool> {
        let mut devices = self.devices.lock();
        let id = device::id(tracked.device());

        if tracked.tracked_bus().is_closed() || devices.by_id.get(&id).is_some() {
            return Ok(false);
        }
        devices
            .by_id
            .try_create_and_insert(id, tracked.clone(), GFP_KERNEL)?;
        Ok(true)
    }

    /// Forgets a device.
    pub(super) fn forget(&self, dev: &Device) {
        // Dropped when the lock is not held anymore: it can be the last reference to the device.
        let node = self.devices.lock().by_id.remove_node(&device::id(dev));

        drop(node);
    }

    /// Calls `f` with each device, one after the other, even without memory.
    pub(super) fn for_each_device(&self, mut f: impl FnMut(&Arc<TrackedDevice>)) {
        let mut next = 0;

        loop {
            let found = {
                let devices = self.devices.lock();
                let cursor = devices.by_id.cursor_lower_bound(&next);

                cursor.map(|cursor| {
                    let (id, tracked) = cursor.current();

                    (*id, tracked.clone())
                })
            };
            let Some((id, tracked)) = found else {
                break;
            };

            f(&tracked);
            next = id.saturating_add(1);
        }
    }

    /// Calls `f` with each device of `bus`.
    pub(super) fn for_each_device_of(
        &self,
        bus: &Arc<TrackedBus>,
        mut f: impl FnMut(&Arc<TrackedDevice>),
    ) {
        self.for_each_device(|tracked| {
            if Arc::ptr_eq(tracked.tracked_bus(), bus) {
                f(tracked);
            }
        });
    }

    /// Adds no device of `bus` anymore.
    pub(super) fn close(&self, bus: &TrackedBus) {
        let _devices = self.devices.lock();

        bus.close();
    }
}
