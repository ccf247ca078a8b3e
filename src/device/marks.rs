// SPDX-License-Identifier: GPL-2.0

//! The marks that transactions put on a device.

use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};

/// The marks that transactions put on a device.
///
/// The layer above changes them, while its lock on devices is held.
pub(crate) struct Marks {
    pub(crate) locked: Atomic<bool>,
    pub(crate) lent: Atomic<bool>,
    pub(crate) dying: Atomic<bool>,
}

impl Marks {
    /// Makes the marks of a device that is free.
    pub(crate) fn new() -> Self {
        Self {
            locked: Atomic::new(false),
            lent: Atomic::new(false),
            dying: Atomic::new(false),
        }
    }

    /// Returns `true` if a transaction works on the device.
    pub(crate) fn is_locked(&self) -> bool {
        self.locked.load(Relaxed)
    }

    /// Returns `true` if the device is lent, or about to be.
    pub(crate) fn is_lent(&self) -> bool {
        self.lent.load(Relaxed)
    }

    /// Returns `true` if the device is going away.
    pub(crate) fn is_dying(&self) -> bool {
        self.dying.load(Relaxed)
    }
}
