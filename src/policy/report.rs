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
pub(super) fn report(
    tracked: &TrackedDevice,
    outcome: &CStr,
    applies: impl Fn(&OverrideSource) -> bool,
) {
    // A rebind tells by itself.
    if tracked.marks.is_locked() {
        return;
    }
    tell_once(tracked, outcome, |source| {
        let is_new = !source.reported && applies(source);

        source.reported |= is_new;
        is_new
    });
}

/// Tells userspace that the driver can't take the device yet, unless that or the outcome was told
/// already.
pub(super) fn report_deferral(tracked: &TrackedDevice) {
    tell_once(tracked, c"OVERDRIVE=deferred", |source| {
        !source.reported && !core::mem::replace(&mut source.deferral_reported, true)
    });
}

fn tell_once(
    tracked: &TrackedDevice,
    outcome: &CStr,
    is_new: impl FnOnce(&mut OverrideSource) -> bool,
) {
    let variables = {
        let mut state = tracked.state.lock();

        let Some(source) = &mut state.source else {
            return;
        };

        if !source.is_current(tracked.device()) || !is_new(source) {
            return;
        }
        source.variables()
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
    /// Tells userspace that the driver is bound which a rule named.
    pub(super) fn report_bound(&self, tracked: &TrackedDevice) {
        // Another driver is no success, and is made good.
        report(tracked, c"OVERDRIVE=bound", |source| {
            device::with_driver_name(tracked.device(), |name| name == Some(&source.driver[..]))
        });
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
