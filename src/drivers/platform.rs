// SPDX-License-Identifier: GPL-2.0

//! The meta driver for platform and AMBA devices: hands a device to userspace through VFIO.
//!
//! It has the userspace interface of the C drivers, `drivers/vfio/platform/`, and their division of
//! labour: [`regions`] are the device's registers, [`irqs`] its interrupts, [`reset`] the ways to
//! reset it; [`device`] answers VFIO's calls with them. What differs between the buses is the
//! [`Bus`](vfio::Bus)'s.
//!
//! Where it does more: any device can be bound, whatever its firmware says about it; I/O ports can
//! be accessed; mappings are revoked while the device is reset, and for good when it is unbound; a
//! failed call changes nothing.

mod access;
mod device;
mod irqs;
mod regions;
mod reset;

use self::device::PlatformDevice;
use super::require_override;
use crate::abstractions::vfio::{
    self,
    NewDevice, //
};
use core::marker::PhantomData;
use kernel::prelude::*;

/// The meta driver on a bus whose devices firmware tells of.
pub(super) struct MetaDriver<B> {
    reset_required: bool,
    _bus: PhantomData<fn(B)>,
}

impl<B> MetaDriver<B> {
    /// Returns the driver. With `reset_required`, it refuses devices that it can't reset, and to open
    /// a device whose reset fails.
    pub(super) fn new(reset_required: bool) -> Self {
        Self {
            reset_required,
            _bus: PhantomData,
        }
    }
}

impl<B: vfio::Bus> vfio::Driver for MetaDriver<B> {
    type Bus = B;
    type Operations = PlatformDevice;

    fn probe(&self, dev: &B::Device<'_>) -> Result<NewDevice<PlatformDevice>> {
        let parent = B::device(dev);

        require_override(parent)?;
        NewDevice::new(parent, PlatformDevice::new::<B>(dev, self.reset_required)?)
    }
}
