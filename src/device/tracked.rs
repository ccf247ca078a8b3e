// SPDX-License-Identifier: GPL-2.0

//! A tracked device, and what the module remembers of it.

use super::{
    identity::Identity,
    outcome::Outcome,
    override_source::OverrideSource,
    status::Status, //
};
use crate::{
    abstractions::driver_override::{
        self,
        Override, //
    },
    rule_id::RuleId, //
};
use kernel::{
    device::Device,
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

/// The marks that transactions put on a device.
///
/// The layer above changes them, while its lock on devices is held.
pub(crate) struct TransactionMarks {
    /// `true` while a transaction works on the device.
    pub(crate) taken: Atomic<bool>,
    /// `true` once the device is going away.
    pub(crate) dying: Atomic<bool>,
}

impl TransactionMarks {
    fn new() -> Self {
        Self {
            taken: Atomic::new(false),
            dying: Atomic::new(false),
        }
    }

    /// Returns `true` if a transaction works on the device.
    pub(crate) fn is_taken(&self) -> bool {
        self.taken.load(Relaxed)
    }

    /// Returns `true` if the device is going away.
    pub(crate) fn is_dying(&self) -> bool {
        self.dying.load(Relaxed)
    }
}

/// The part of a [`TrackedDevice`] that changes.
pub(crate) struct DeviceState {
    pub(crate) source: Option<OverrideSource>,
    pub(crate) outcome: Outcome,
}

/// A bus whose devices are tracked.
pub(crate) struct TrackedBus {
    name: KVec<u8>,
    /// Changed while the [list of devices](super::list::Devices) is locked.
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

    /// Returns `true` once the bus is not tracked anymore.
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
    pub(crate) identity: Identity,
    pub(crate) marks: TransactionMarks,
    #[pin]
    pub(crate) state: Mutex<DeviceState>,
    /// `true` while the device has its attributes. Held while they are added or removed.
    #[pin]
    pub(super) has_attributes: Mutex<bool>,
}

impl TrackedDevice {
    pub(super) fn new(dev: &Device, bus: &Arc<TrackedBus>) -> Result<Arc<Self>> {
        let identity = Identity::of(dev)?;
        let (dev, bus) = (ARef::from(dev), bus.clone());

        Arc::pin_init(
            pin_init!(Self {
                dev,
                bus,
                identity,
                marks: TransactionMarks::new(),
                state <- new_mutex!(
                    DeviceState {
                        source: None,
                        outcome: Outcome::Never,
                    },
                    "overdrive_device_state"
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
    pub(crate) fn tracked_bus(&self) -> &Arc<TrackedBus> {
        &self.bus
    }

    /// Clears the override if that rule set it, or any if none is given, and nobody changed it since.
    pub(crate) fn clear_set_by(&self, rule: Option<RuleId>) {
        let mut state = self.state.lock();
        let source = state
            .source
            .take_if(|source| rule.is_none_or(|rule| source.rule == rule));
        let mut cleared: Result<Option<Override>, Option<Override>> = Ok(None);

        if let Some(source) = &source {
            cleared = driver_override::replace_if(&self.dev, Some(&source.driver), None);
        }
        drop(state);
        drop(cleared);
    }

    /// The driver that a rule set, if nobody changed it since.
    pub(crate) fn rule_driver(&self) -> Result<Option<KVec<u8>>> {
        let state = self.state.lock();
        let mut driver = KVec::new();

        match &state.source {
            Some(source) if source.is_current(&self.dev) => {
                driver.extend_from_slice(&source.driver, GFP_KERNEL)?;
                Ok(Some(driver))
            }
            _ => Ok(None),
        }
    }

    /// Returns `true` if a user set the override, be it by a rebind.
    pub(crate) fn is_set_by_user(&self) -> bool {
        let state = self.state.lock();

        driver_override::with(&self.dev, |name| name.is_some())
            && !state
                .source
                .as_ref()
                .is_some_and(|source| source.is_current(&self.dev))
    }

    /// The line that tells the device's state.
    pub(crate) fn status(&self) -> Status<'_> {
        Status(self)
    }
}
