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
    },
    time::{
        delay::fsleep,
        Delta, //
    }, //
};

static DEVICES: Global<Arc<Devices>> = Global::new();

type Tree = RBTree<usize, Arc<TrackedDevice>>;

/// The devices of tracked buses.
///
/// # Invariants
///
/// No device is in the list twice, and none of a closed bus is added.
#[pin_data]
pub(crate) struct Devices {
    #[pin]
    by_id: Mutex<Tree>,
    /// Devices that were removed, and whose files may not have gone with their directory yet.
    #[pin]
    removed: Mutex<Tree>,
}

impl Devices {
    /// Makes an empty list.
    pub(crate) fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                by_id <- new_mutex!(RBTree::new(), "overdrive_devices"),
                removed <- new_mutex!(RBTree::new(), "overdrive_removed"),
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

    /// Calls `f` unless the device is gone. It is not removed from sysfs before `f` returns.
    pub(crate) fn with_present<R>(&self, dev: &Device, f: impl FnOnce() -> R) -> Option<R> {
        let by_id = self.by_id.lock();

        by_id.get(&device::id(dev)).map(|_| f())
    }

    /// Adds the device that `new` makes, and returns it, unless it is there already, or its bus is no
    /// longer tracked.
    ///
    /// `new` is called with the list locked. A removal that has not come as far as to forget the device
    /// waits for that: until then, a device has all that it refers to.
    pub(super) fn add(
        &self,
        dev: &Device,
        bus: &TrackedBus,
        new: impl FnOnce() -> Result<Option<Arc<TrackedDevice>>>,
    ) -> Result<Option<Arc<TrackedDevice>>> {
        let mut by_id = self.by_id.lock();
        let id = device::id(dev);

        if bus.is_closed() || by_id.get(&id).is_some() {
            return Ok(None);
        }
        let Some(tracked) = new()? else {
            return Ok(None);
        };

        by_id.try_create_and_insert(id, tracked.clone(), GFP_KERNEL)?;
        Ok(Some(tracked))
    }

    /// Forgets a device.
    pub(super) fn forget(&self, dev: &Device) {
        // Dropped when the lock is not held anymore: it can be the last reference to the device.
        let node = self.by_id.lock().remove_node(&device::id(dev));

        drop(node);
    }

    /// Forgets a device whose files go with its directory.
    pub(super) fn forget_removed(&self, dev: &Device) {
        let node = self.by_id.lock().remove_node(&device::id(dev));

        if let Some(node) = node {
            let old = self.removed.lock().insert(node);

            // None: the device is there, so that no other has its address.
            drop(old);
        }
        self.purge();
    }

    /// Drops those that were removed, and whose directory is gone. Returns `true` if none is left.
    ///
    /// What releases a device can be part of a module: this is called before one goes.
    pub(crate) fn purge(&self) -> bool {
        let mut next = 0;

        loop {
            let mut removed = self.removed.lock();
            let Some((id, gone)) = removed.cursor_lower_bound(&next).map(|cursor| {
                let (id, tracked) = cursor.current();

                (*id, !device::is_in_sysfs(tracked.device()))
            }) else {
                return removed.is_empty();
            };
            let node = if gone { removed.remove_node(&id) } else { None };

            // Not with the lock held: it can be the last reference.
            drop(removed);
            drop(node);
            next = id.saturating_add(1);
        }
    }

    /// Waits until the files of all devices that were removed are gone.
    ///
    /// For that to end, nobody must be in a write to one who waits for anything but a signal.
    fn wait_until_removed(&self) {
        while !self.purge() {
            fsleep(Delta::from_millis(1));
        }
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

/// Waits, when it is dropped, until the files of all devices that were removed are gone.
pub(crate) struct Removed(Arc<Devices>);

impl Removed {
    /// Makes it for a list.
    pub(crate) fn new(devices: &Arc<Devices>) -> Self {
        Self(devices.clone())
    }
}

impl Drop for Removed {
    fn drop(&mut self) {
        self.0.wait_until_removed();
    }
}
