// SPDX-License-Identifier: GPL-2.0

//! Slots: which devices the meta drivers seize, by address.
//!
//! A slot is a rule that names the meta driver. That a slot is there does not bind or unbind any
//! device that was discovered before; it sets its override, so that `bind` takes it.

use super::{
    rules::{
        slot::{
            Slot,
            SlotBus, //
        },
        Origin, //
    },
    ActiveRule,
    Policy, //
};
use crate::{
    abstractions::global::{
        Global,
        Published, //
    },
    driver_name::DriverName,
};
use kernel::{
    prelude::*,
    sync::{
        new_mutex,
        Arc,
        Mutex, //
    }, //
};

static SLOTS: Global<Arc<Slots>> = Global::new();

/// The slots of both meta drivers.
#[pin_data]
pub(crate) struct Slots {
    policy: Arc<Policy>,
    pci_driver: DriverName,
    platform_driver: DriverName,
    #[pin]
    slots: Mutex<KVec<(Slot, ActiveRule)>>,
}

impl Slots {
    /// Makes the slots that were there from the beginning.
    pub(crate) fn new(
        policy: Arc<Policy>,
        pci_driver: DriverName,
        platform_driver: DriverName,
        initial: KVec<Slot>,
    ) -> Result<Arc<Self>> {
        let this = Arc::pin_init(
            pin_init!(Self {
                policy,
                pci_driver,
                platform_driver,
                slots <- new_mutex!(KVec::new(), "overdrive_slots"),
            }),
            GFP_KERNEL,
        )?;

        for slot in initial {
            this.add(slot)?;
        }
        Ok(this)
    }

    /// Makes these the slots that users reach, until the guard is dropped.
    pub(crate) fn publish(self: Arc<Self>) -> Result<Published<Arc<Self>>> {
        SLOTS.publish(self)
    }

    /// The slots that users reach.
    ///
    /// # Errors
    ///
    /// `ENODEV` while the module starts or stops.
    pub(crate) fn published() -> Result<Arc<Self>> {
        SLOTS.get().ok_or(ENODEV)
    }

    /// Adds a slot; it is no error if it is there already.
    pub(crate) fn add(&self, slot: Slot) -> Result {
        let driver = match slot.bus {
            SlotBus::Pci => &self.pci_driver,
            SlotBus::Platform => &self.platform_driver,
        };
        let spec = slot.spec(driver.as_bytes())?;
        let mut slots = self.slots.lock();

        if slots.iter().any(|(other, _)| *other == slot) {
            return Ok(());
        }
        slots.reserve(1, GFP_KERNEL)?;

        let rule = self
            .policy
            .activate(spec, self.policy.new_rule_id(), Origin::Slot)?;
        rule.set_overrides();
        slots.push((slot, rule), GFP_KERNEL)?;
        Ok(())
    }

    /// Removes a slot.
    ///
    /// # Errors
    ///
    /// `ENOENT` if it isn't there.
    pub(crate) fn remove(&self, slot: &Slot) -> Result {
        let mut slots = self.slots.lock();
        let at = slots
            .iter()
            .position(|(other, _)| other == slot)
            .ok_or(ENOENT)?;

        drop(slots.remove(at));
        Ok(())
    }

    /// Calls `f` with each slot of a bus, until it fails.
    pub(crate) fn for_each(&self, bus: SlotBus, mut f: impl FnMut(&[u8]) -> Result) -> Result {
        let slots = self.slots.lock();

        slots
            .iter()
            .filter(|(slot, _)| slot.bus == bus)
            .try_for_each(|(slot, _)| f(slot.device()))
    }
}
