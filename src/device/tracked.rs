// SPDX-License-Identifier: GPL-2.0

//! What the module remembers of a device.

use super::{
    claim::Claimed,
    outcome::Outcome,
    rules::{
        RuleId,
        Origin, //
    }, //
};
use crate::abstractions::{
    device,
    driver_override::{
        self,
        Override, //
    }, //
};
use kernel::{
    device::Device,
    fmt,
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed, //
        },
        new_mutex,
        Arc,
        Mutex, //
    }, //
};

/// Which rule set an override, and to what.
pub(super) struct OverrideSource {
    pub(super) age: RuleId,
    pub(super) origin: Origin,
    pub(super) name: KVec<u8>,
    pub(super) driver: KVec<u8>,
    /// Whether a uevent told what became of it.
    pub(super) reported: bool,
}

/// The part of a [`TrackedDevice`] that changes.
pub(super) struct DeviceState {
    pub(super) setter: Option<OverrideSource>,
    pub(super) outcome: Outcome,
}

/// A bus whose devices are tracked.
pub(super) struct TrackedBus {
    name: KVec<u8>,
    /// Changed while [`Engine`](super::Engine)'s list of devices is locked.
    closed: Atomic<bool>,
}

impl TrackedBus {
    pub(super) fn new(name: &[u8]) -> Result<Arc<Self>> {
        let mut copy = KVec::new();

        copy.extend_from_slice(name, GFP_KERNEL)?;
        Ok(Arc::new(
            Self {
                name: copy,
                closed: Atomic::new(false),
            },
            GFP_KERNEL,
        )?)
    }

    /// Whether it is not tracked anymore.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Relaxed)
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Relaxed);
    }
}

/// A device of a tracked bus.
#[pin_data]
pub(crate) struct TrackedDevice {
    dev: ARef<Device>,
    bus: Arc<TrackedBus>,
    pub(super) claimed: Claimed,
    #[pin]
    pub(super) record: Mutex<DeviceState>,
    /// Whether the device has its attributes. Held while they are added or removed.
    #[pin]
    pub(super) has_attributes: Mutex<bool>,
}

impl TrackedDevice {
    pub(super) fn new(dev: &Device, bus: &Arc<TrackedBus>) -> Result<Arc<Self>> {
        let (dev, bus) = (ARef::from(dev), bus.clone());

        Arc::pin_init(
            pin_init!(Self {
                dev,
                bus,
                claimed: Claimed::new(),
                record <- new_mutex!(
                    DeviceState {
                        setter: None,
                        outcome: Outcome::Never,
                    },
                    "overdrive_record"
                ),
                has_attributes <- new_mutex!(false, "overdrive_attributes"),
            }),
            GFP_KERNEL,
        )
    }

    /// The device.
    pub(crate) fn device(&self) -> &Device {
        &self.dev
    }

    /// The name of its bus.
    pub(crate) fn bus(&self) -> &[u8] {
        &self.bus.name
    }

    /// Its bus.
    pub(super) fn tracked_bus(&self) -> &Arc<TrackedBus> {
        &self.bus
    }

    /// Whether the device's override is what `setter` set it to.
    fn is_current(&self, setter: &OverrideSource) -> bool {
        driver_override::with(&self.dev, |name| name == Some(setter.driver.as_slice()))
    }

    /// Clears the override if the rule of that age set it, and nobody changed it since.
    pub(super) fn clear_set_by(&self, age: Option<RuleId>) {
        let mut record = self.record.lock();
        let setter = record
            .setter
            .take_if(|setter| age.is_none_or(|age| setter.age == age));
        let mut cleared: Result<Option<Override>, Option<Override>> = Ok(None);

        if let Some(setter) = &setter {
            cleared = driver_override::replace_if(&self.dev, Some(&setter.driver), None);
        }
        drop(record);
        drop(cleared);
    }

    /// The driver that a rule set, if nobody changed it since.
    pub(super) fn rule_driver(&self) -> Result<Option<KVec<u8>>> {
        let record = self.record.lock();
        let mut driver = KVec::new();

        match &record.setter {
            Some(setter) if self.is_current(setter) => {
                driver.extend_from_slice(&setter.driver, GFP_KERNEL)?;
                Ok(Some(driver))
            }
            _ => Ok(None),
        }
    }

    /// Whether a user set the override, be it by a rebind.
    pub(super) fn is_set_by_user(&self) -> bool {
        let record = self.record.lock();

        driver_override::with(&self.dev, |name| name.is_some())
            && !record
                .setter
                .as_ref()
                .is_some_and(|setter| self.is_current(setter))
    }

    /// The line that tells the device's state.
    pub(crate) fn status(&self) -> Status<'_> {
        Status(self)
    }
}

/// Formats as the state of a device: one line, without its end.
pub(crate) struct Status<'a>(&'a TrackedDevice);

/// Text as it came: names in the kernel are bytes.
struct Text<'a>(&'a [u8]);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            f.write_str(chunk.valid())?;
            if !chunk.invalid().is_empty() {
                f.write_str("?")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Status<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dev = self.0.device();
        let record = self.0.record.lock();

        // Neither lock allows to sleep; writing into a page doesn't.
        device::with_driver_name(dev, |name| {
            f.write_fmt(fmt!("driver={}", Text(name.unwrap_or(b"-"))))
        })?;
        driver_override::with(dev, |name| match name {
            Some(name) => f.write_fmt(fmt!(" override={}", Text(name))),
            None => f.write_str(" override=-"),
        })?;

        let is_set = driver_override::with(dev, |name| name.is_some());
        match &record.setter {
            _ if !is_set => f.write_str(" by=-")?,
            Some(setter) if self.0.is_current(setter) => match setter.origin {
                Origin::Rule => f.write_fmt(fmt!(" by=rule:{}", Text(&setter.name)))?,
                Origin::Slot => f.write_str(" by=slot")?,
            },
            _ => f.write_str(" by=user")?,
        }
        f.write_fmt(fmt!(" rebind={}", record.outcome))
    }
}

/// Formats bytes as text.
pub(crate) fn text(bytes: &[u8]) -> impl fmt::Display + '_ {
    Text(bytes)
}
