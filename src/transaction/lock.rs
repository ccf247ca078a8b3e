// SPDX-License-Identifier: GPL-2.0

//! Claims: which devices a transaction works on.
//!
//! A transaction claims all its devices at once, and waits while another has any of them. As none
//! waits while it has some, there is no order in which two could wait for each other.
//!
//! A device that goes away wakes those who wait for it: its removal waits until nobody is in a write
//! to its attributes, so that they must not wait for a transaction that might be waiting for the
//! removal.

use super::tracked::TrackedDevice;
use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        new_condvar,
        new_mutex,
        Arc,
        CondVar,
        Mutex, //
    }, //
};

/// Whether a device is claimed, and whether it is going away. Changed while [`Claims::lock`] is held.
pub(crate) struct Claimed {
    claimed: Atomic<bool>,
    dying: Atomic<bool>,
}

impl Claimed {
    pub(super) fn new() -> Self {
        Self {
            claimed: Atomic::new(false),
            dying: Atomic::new(false),
        }
    }

    /// Whether some transaction works on the device.
    pub(super) fn is_claimed(&self) -> bool {
        self.claimed.load(Relaxed)
    }

    /// Whether the device is going away.
    pub(super) fn is_dying(&self) -> bool {
        self.dying.load(Relaxed)
    }
}

/// All claims.
#[pin_data]
pub(crate) struct Claims {
    #[pin]
    lock: Mutex<()>,
    #[pin]
    changed: CondVar,
}

impl Claims {
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            lock <- new_mutex!((), "overdrive_claims"),
            changed <- new_condvar!("overdrive_claims_changed"),
        })
    }

    /// Waits until all `devices` are free, and claims them.
    ///
    /// # Errors
    ///
    /// `ENODEV` if one of the devices is going away; `EINTR` if a signal arrives.
    pub(super) fn claim<'a>(&'a self, devices: &'a [Arc<TrackedDevice>]) -> Result<Claim<'a>> {
        let mut guard = self.lock.lock();

        loop {
            if devices.iter().any(|dev| dev.claimed.is_dying()) {
                return Err(ENODEV);
            }
            if !devices.iter().any(|dev| dev.claimed.is_claimed()) {
                break;
            }
            if self.changed.wait_interruptible(&mut guard) {
                return Err(EINTR);
            }
        }
        for dev in devices {
            dev.claimed.claimed.store(true, Relaxed);
        }
        Ok(Claim {
            claims: self,
            devices,
        })
    }

    /// Waits until no transaction works on the device, which is going away, so that none will again.
    pub(super) fn wait_until_free(&self, dev: &TrackedDevice) {
        let mut guard = self.lock.lock();

        while dev.claimed.is_claimed() {
            self.changed.wait(&mut guard);
        }
    }

    /// Marks a device as going away.
    pub(super) fn dying(&self, dev: &TrackedDevice) {
        let _guard = self.lock.lock();

        dev.claimed.dying.store(true, Relaxed);
        self.changed.notify_all();
    }
}

/// A claim on devices; dropping it gives them up.
pub(super) struct Claim<'a> {
    claims: &'a Claims,
    devices: &'a [Arc<TrackedDevice>],
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let _guard = self.claims.lock.lock();

        for dev in self.devices {
            dev.claimed.claimed.store(false, Relaxed);
        }
        self.claims.changed.notify_all();
    }
}
