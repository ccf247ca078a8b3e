// SPDX-License-Identifier: GPL-2.0

//! The lock on the devices of a transaction.
//!
//! A transaction takes all its devices at once, and waits while another has any of them. As none
//! waits while it has some, there is no order in which two could wait for each other.
//!
//! A device that goes away wakes those who wait for it: its removal waits until nobody is in a write
//! to its attributes, so that they must not wait for a transaction that might be waiting for the
//! removal.

use crate::device::tracked::TrackedDevice;
use kernel::{
    prelude::*,
    sync::{
        atomic::Relaxed,
        new_condvar,
        new_mutex,
        Arc,
        CondVar,
        Mutex, //
    }, //
};

/// The lock on devices, of which a transaction takes as many as it needs.
#[pin_data]
pub(super) struct TransactionLock {
    #[pin]
    lock: Mutex<()>,
    #[pin]
    changed: CondVar,
}

impl TransactionLock {
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            lock <- new_mutex!((), "overdrive_transaction"),
            changed <- new_condvar!("overdrive_transaction_changed"),
        })
    }

    /// Waits until all `devices` are free, and takes them.
    ///
    /// # Errors
    ///
    /// `ENODEV` if one of the devices is going away; `EINTR` if a signal arrives.
    pub(super) fn take<'a>(
        &'a self,
        devices: &'a [Arc<TrackedDevice>],
    ) -> Result<TransactionGuard<'a>> {
        let mut guard = self.lock.lock();

        loop {
            if devices.iter().any(|dev| dev.marks.is_dying()) {
                return Err(ENODEV);
            }
            if !devices.iter().any(|dev| dev.marks.is_taken()) {
                break;
            }
            if self.changed.wait_interruptible(&mut guard) {
                return Err(EINTR);
            }
        }
        for dev in devices {
            dev.marks.taken.store(true, Relaxed);
        }
        Ok(TransactionGuard {
            lock: self,
            devices,
        })
    }

    /// Waits until no transaction works on the device, which is going away, so that none will again.
    pub(super) fn wait_until_free(&self, dev: &TrackedDevice) {
        let mut guard = self.lock.lock();

        while dev.marks.is_taken() {
            self.changed.wait(&mut guard);
        }
    }

    /// Marks a device as going away.
    pub(super) fn dying(&self, dev: &TrackedDevice) {
        let _guard = self.lock.lock();

        dev.marks.dying.store(true, Relaxed);
        self.changed.notify_all();
    }
}

/// The devices of a transaction; dropping it gives them up.
pub(super) struct TransactionGuard<'a> {
    lock: &'a TransactionLock,
    devices: &'a [Arc<TrackedDevice>],
}

impl Drop for TransactionGuard<'_> {
    fn drop(&mut self) {
        let _guard = self.lock.lock.lock();

        for dev in self.devices {
            dev.marks.taken.store(false, Relaxed);
        }
        self.lock.changed.notify_all();
    }
}
