// SPDX-License-Identifier: GPL-2.0

//! Native buses, whose devices are tracked.

use super::Policy;
use crate::{
    abstractions::{
        device_attr,
        module::Going, //
    },
    bus::native,
    device::{
        tracked::TrackedBus,
        watch::BusWatch, //
    },
};
use kernel::{
    prelude::*,
    sync::{
        new_mutex,
        Arc,
        Mutex, //
    }, //
};

/// The native buses that are tracked, until they go or this does.
#[pin_data]
pub(super) struct NativeBuses {
    policy: Arc<Policy>,
    attributes: &'static [&'static device_attr::Group],
    #[pin]
    watches: Mutex<KVec<BusWatch<Policy>>>,
}

impl NativeBuses {
    /// Makes an empty list. Devices get `attributes`.
    pub(super) fn new(
        policy: &Arc<Policy>,
        attributes: &'static [&'static device_attr::Group],
    ) -> impl PinInit<Self> {
        let policy = policy.clone();

        pin_init!(Self {
            policy,
            attributes,
            watches <- new_mutex!(KVec::new(), "overdrive_native_buses"),
        })
    }

    /// Tracks the devices of all native buses that there are, and applies the rules to them.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn track_all(&self) -> Result {
        let buses = native::buses()?;
        let mut watches = self.watches.lock();

        for bus in buses {
            if watches.iter().any(|watch| watch.is_of(&bus)) {
                continue;
            }
            watches.reserve(1, GFP_KERNEL)?;
            watches.push(self.policy.watch(bus, self.attributes)?, GFP_KERNEL)?;
        }
        Ok(())
    }

    /// Adds the buses to `to`.
    pub(super) fn list(&self, to: &mut KVec<Arc<TrackedBus>>) -> Result {
        for watch in self.watches.lock().iter() {
            to.push(watch.bus().clone(), GFP_KERNEL)?;
        }
        Ok(())
    }

    /// Lets go of the buses that are part of `module`.
    pub(super) fn going(&self, module: &Going) {
        let mut watches = self.watches.lock();
        let is_gone =
            |watch: &BusWatch<Policy>| watch.is_part_of(|address| module.contains(address));

        // None has a device anymore, and nobody waits for the list who is in a file of one.
        while let Some(at) = watches.iter().position(is_gone) {
            let _ = watches.remove(at);
        }
    }

    /// Lets go of all buses.
    pub(super) fn clear(&self) {
        let watches = core::mem::take(&mut *self.watches.lock());

        drop(watches);
    }
}
