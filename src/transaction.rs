// SPDX-License-Identifier: GPL-2.0

//! Transactions: a set of devices moves to another driver, or everything is as it was.
//!
//! # Locks
//!
//! From the outside to the inside: sysfs or configfs; the [lock](lock) on the devices of a transaction;
//! the device lock, which the driver core takes; the locks of [`crate::device`]. The driver core is
//! never called with one of the latter held.

#![deny(unsafe_code)]

mod group;
mod lock;
pub(crate) mod rebind;

use crate::{
    abstractions::global::{
        Global,
        Published, //
    },
    device::{
        list::Devices,
        tracked::TrackedDevice, //
    },
};
use kernel::{
    prelude::*,
    sync::Arc, //
};
use lock::TransactionLock;

static TRANSACTIONS: Global<Arc<Transactions>> = Global::new();

/// The means to move devices.
#[pin_data]
pub(crate) struct Transactions {
    devices: Arc<Devices>,
    #[pin]
    lock: TransactionLock,
}

impl Transactions {
    /// Makes the means to move `devices`.
    pub(crate) fn new(devices: Arc<Devices>) -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                devices,
                lock <- TransactionLock::new(),
            }),
            GFP_KERNEL,
        )
    }

    /// Makes these the transactions that users reach, until the guard is dropped.
    pub(crate) fn publish(self: Arc<Self>) -> Result<Published<Arc<Self>>> {
        TRANSACTIONS.publish(self)
    }

    /// The transactions that users reach.
    ///
    /// # Errors
    ///
    /// `ENODEV` while the module starts or stops.
    pub(crate) fn published() -> Result<Arc<Self>> {
        TRANSACTIONS.get().ok_or(ENODEV)
    }

    /// Marks a device as going away, so that no transaction takes it anymore.
    pub(crate) fn going(&self, device: &TrackedDevice) {
        self.lock.dying(device);
    }

    /// Waits until no transaction works on the device, which is going away.
    pub(crate) fn wait_until_free(&self, device: &TrackedDevice) {
        self.lock.wait_until_free(device);
    }
}
