// SPDX-License-Identifier: GPL-2.0

//! The list of tracked devices.

use super::tracked::{
    TrackedBus,
    TrackedDevice, //
};
use crate::abstractions::{
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

static DEVICES: Global<Arc<Devices>> = Global::new();

/// The devices of tracked buses.
///
/// # Invariants
///
/// No device is in the list twice, and none of a closed bus is added.
#[pin_data]
pub(crate) struct Devices {
    #[pin]
    by_id: Mutex<RBTree<usize, Arc<TrackedDevice>>>,
}

impl Devices {
    /// Makes an empty list.
    pub(crate) fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                by_id <- new_mutex!(RBTree::new(), "overdrive_devices"),
            }),
            GFP_KERNEL,
        )
    }

    /// Makes this the list that users reach, until the guard is dropped.
    pub(crate) fn publish(self: Arc<Self>) -> Result<Published<Arc<Self>>> {
        DEVICES.publish(self)
    }

    /// The list that users reach.
    ///
    /// # Errors
    ///
    /// `ENODEV` while the module starts or stops.
    pub(crate) fn published() -> Result<Arc<Self>> {
        DEVICES.get().ok_or(ENODEV)
    }

    /// The entry of a device.
    ///
    /// # Errors
    ///
    /// `ENODEV` if it is not tracked.
    pub(crate) fn get(&self, dev: &Device) -> Result<Arc<TrackedDevice>> {
        let by_id = self.by_id.lock();

        by_id.get(&device::id(dev)).cloned().ok_or(ENODEV)
    }

    /// Adds a device and returns `true`, unless it is there already or its bus is no longer tracked.
    pub(super) fn add(&self, tracked: &Arc<TrackedDevice>) -> Result<bool> {
        let mut by_id = self.by_id.lock();
        let id = device::id(tracked.device());

        if tracked.tracked_bus().is_closed() || by_id.get(&id).is_some() {
            return Ok(false);
        }
        by_id.try_create_and_insert(id, tracked.clone(), GFP_KERNEL)?;
        Ok(true)
    }

    /// Forgets a device.
    pub(super) fn forget(&self, dev: &Device) {
        // Dropped when the lock is not held anymore: it can be the last reference to the device.
        let node = self.by_id.lock().remove_node(&device::id(dev));

        drop(node);
    }

    /// Calls `f` with each device, one after the other, even without memory.
    pub(crate) fn for_each(&self, mut f: impl FnMut(&Arc<TrackedDevice>)) {
        let mut next = 0;

        loop {
            let found = {
                let by_id = self.by_id.lock();
                let cursor = by_id.cursor_lower_bound(&next);

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
    pub(crate) fn for_each_of(
        &self,
        bus: &Arc<TrackedBus>,
        mut f: impl FnMut(&Arc<TrackedDevice>),
    ) {
        self.for_each(|tracked| {
            if Arc::ptr_eq(tracked.tracked_bus(), bus) {
                f(tracked);
            }
        });
    }

    /// Closes `bus`: none of its devices is added anymore.
    pub(super) fn close(&self, bus: &TrackedBus) {
        let _by_id = self.by_id.lock();

        bus.close();
    }
}
