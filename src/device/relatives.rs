// SPDX-License-Identifier: GPL-2.0

//! The devices that a device comes from.
//!
//! A device that was removed still points to its parent, and a virtual function to its physical one,
//! but holds no reference to them anymore. So they are looked at while the device is certainly there,
//! and held for as long as it is tracked.

use crate::abstractions::device;
use kernel::{
    device::Device,
    prelude::*,
    sync::aref::ARef, //
};

/// The devices that a device comes from.
pub(crate) struct Relatives {
    ancestors: KVec<ARef<Device>>,
    physical_function: Option<ARef<Device>>,
}

impl Relatives {
    /// Those of `dev`, which is not being removed.
    pub(super) fn of(dev: &Device) -> Result<Self> {
        let all = || core::iter::successors(device::parent(dev), |&it| device::parent(it));
        // Counted first: most devices have a few, and each time the memory grows costs more than them.
        let mut ancestors = KVec::with_capacity(all().count(), GFP_KERNEL)?;

        for ancestor in all() {
            ancestors.push(ARef::from(ancestor), GFP_KERNEL)?;
        }
        Ok(Self {
            ancestors,
            physical_function: device::physical_function(dev).map(ARef::from),
        })
    }

    /// The parent, its parent, and so on.
    pub(crate) fn ancestors(&self) -> &[ARef<Device>] {
        &self.ancestors
    }

    /// The physical function, if the device is a virtual one.
    pub(crate) fn physical_function(&self) -> Option<&Device> {
        self.physical_function.as_deref()
    }
}
