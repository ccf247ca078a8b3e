// SPDX-License-Identifier: GPL-2.0

//! Tells userspace what became of an override that a rule set: by a change uevent, once per override.

use super::{
    driver_name::DriverName,
    tracked::{
        text,
        TrackedDevice,
        OverrideSource, //
    },
    rules::Origin,
    Engine, //
};
use crate::abstractions::{
    delayed_work::Work,
    device,
    uevent, //
};
use kernel::{
    prelude::*,
    str::CString,
    sync::{
        new_mutex,
        Arc,
        Mutex, //
    }, //
};

impl OverrideSource {
    fn variables(&self) -> Result<[CString; 2]> {
        let by = match self.origin {
            Origin::Rule => CString::try_from_fmt(fmt!("OVERDRIVE_BY=rule:{}", text(&self.name)))?,
            Origin::Slot => CString::try_from_fmt(fmt!("OVERDRIVE_BY=slot"))?,
        };

        Ok([
            by,
            CString::try_from_fmt(fmt!("OVERDRIVE_DRIVER={}", text(&self.driver)))?,
        ])
    }
}

impl TrackedDevice {
    /// Tells userspace the outcome, unless it was told already, or `applies` says no.
    fn report(&self, outcome: &CStr, applies: impl Fn(&OverrideSource) -> bool) {
        // A rebind tells by itself.
        if self.claimed.is_claimed() {
            return;
        }
        let variables = {
            let mut record = self.record.lock();

            match &mut record.setter {
                Some(setter) if !setter.reported && applies(setter) => {
                    setter.reported = true;
                    setter.variables()
                }
                _ => return,
            }
        };

        if let Ok([by, driver]) = variables {
            uevent::change(self.device(), [outcome, &by, &driver]);
        }
    }
}

/// Devices that a rule keeps off all drivers, and that userspace has yet to hear of.
///
/// Nothing is probed, so that nothing is notified of either. And when the rule sets the override,
/// it is too early for a change: userspace does not know the device.
#[pin_data]
pub(super) struct KeptOff {
    #[pin]
    devices: Mutex<KVec<Arc<TrackedDevice>>>,
}

impl KeptOff {
    /// Until a device is announced, which other drivers' probes can delay.
    const DELAY_MS: u32 = 10;

    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            devices <- new_mutex!(KVec::new(), "overdrive_kept_off"),
        })
    }

    /// Forgets the devices that go away; none of them is in use anymore when this returns.
    pub(super) fn forget_dying(&self) {
        self.devices
            .lock()
            .retain(|tracked| !tracked.claimed.is_dying());
    }
}

impl Work for KeptOff {
    fn run(&self) -> Option<u32> {
        let mut devices = self.devices.lock();

        devices.retain(|tracked| {
            let dev = tracked.device();

            if tracked.claimed.is_dying() {
                return false;
            }
            if !device::is_announced(dev) {
                return true;
            }
            if !device::is_bound(dev) {
                tracked.report(c"OVERDRIVE=kept-off", |setter| {
                    setter.driver[..] == *DriverName::NONE
                });
            }
            false
        });
        (!devices.is_empty()).then_some(Self::DELAY_MS)
    }
}

impl Engine {
    /// Tells userspace what became of the override that a rule set.
    ///
    /// Called when a driver was bound to the device, or failed to be.
    pub(super) fn report_probe(&self, tracked: &TrackedDevice, bound: bool) {
        let outcome = if bound {
            c"OVERDRIVE=bound"
        } else {
            c"OVERDRIVE=failed"
        };

        tracked.report(outcome, |_| true);
    }

    /// Tells userspace, when it knows the device, that a rule keeps all drivers off it.
    pub(super) fn report_kept_off(&self, tracked: &Arc<TrackedDevice>) {
        // Whether there is memory for it is of no concern to the caller.
        let _ = self
            .kept_off
            .work()
            .devices
            .lock()
            .push(tracked.clone(), GFP_KERNEL);
        self.kept_off.schedule(KeptOff::DELAY_MS);
    }
}
