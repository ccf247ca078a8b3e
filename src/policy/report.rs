// SPDX-License-Identifier: GPL-2.0

//! Tells userspace what became of an override that a rule set: by a change uevent, once per override.

use super::Policy;
use crate::{
    abstractions::{
        delayed_work::Work,
        device, //
    },
    device::{
        override_source::OverrideSource,
        tracked::TrackedDevice, //
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

/// Tells userspace the outcome, unless it was told already, or `applies` says no.
fn report(tracked: &TrackedDevice, outcome: &CStr, applies: impl Fn(&OverrideSource) -> bool) {
    // A rebind tells by itself.
    if tracked.marks.is_locked() {
        return;
    }
    let variables = {
        let mut state = tracked.state.lock();

        match &mut state.source {
            Some(source) if !source.reported && applies(source) => {
                source.reported = true;
                source.variables()
            }
            _ => return,
        }
    };

    if let Ok([by, driver]) = variables {
        tracked.tell([outcome, &by, &driver]);
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
    /// Until userspace is told of a device, which follows at once.
    const DELAY_MS: u32 = 10;

    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            devices <- new_mutex!(KVec::new(), "overdrive_kept_off"),
        })
    }
}

impl Work for KeptOff {
    fn run(&self) -> Option<u32> {
        let mut devices = self.devices.lock();

        devices.retain(|tracked| {
            let dev = tracked.device();

            if tracked.marks.is_dying() {
                return false;
            }
            if !device::add_was_told(dev) {
                return true;
            }
            if !device::is_bound(dev) {
                report(tracked, c"OVERDRIVE=kept-off", |source| {
                    source.driver[..] == *DriverName::NONE
                });
            }
            false
        });
        (!devices.is_empty()).then_some(Self::DELAY_MS)
    }
}

impl Policy {
    /// Tells userspace what became of the override that a rule set.
    ///
    /// Called when a driver was bound to the device, or failed to be.
    pub(super) fn report_probe(&self, tracked: &TrackedDevice, bound: bool) {
        let dev = tracked.device();

        if bound {
            // Another driver is no success, and is made good.
            report(tracked, c"OVERDRIVE=bound", |source| {
                device::with_driver_name(dev, |name| name == Some(&source.driver[..]))
            });
        } else {
            report(tracked, c"OVERDRIVE=failed", |_| true);
        }
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
