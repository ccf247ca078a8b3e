// SPDX-License-Identifier: GPL-2.0

//! The platform meta driver: hands a platform device to userspace through VFIO.
//!
//! It has the userspace interface of the C driver, `drivers/vfio/platform/`, and its division of
//! labour: [`regions`] are the device's registers, [`irqs`] its interrupts, [`reset`] the ways to
//! reset it; [`device`] answers VFIO's calls with them.
//!
//! Where it does more: any device can be bound, whatever its firmware says about it; I/O ports can
//! be accessed; mappings are revoked while the device is reset, and for good when it is unbound; a
//! failed call changes nothing.

mod bus_device;
mod device;
mod irqs;
mod regions;
mod reset;

#[cfg(CONFIG_ARM_AMBA)]
pub(super) use self::bus_device::BusDevice;
pub(super) use self::device::PlatformDevice;
use super::require_override;
use crate::abstractions::{
    self,
    vfio, //
};
use kernel::{
    device::{
        Bound,
        Core, //
    },
    platform,
    prelude::*,
    sync::aref::ARef, //
};

/// The platform meta driver.
pub(crate) struct MetaDriver {
    reset_required: bool,
}

impl MetaDriver {
    /// With `reset_required`, the driver refuses devices that it can't reset, and to open a device
    /// whose reset fails.
    pub(super) fn new(reset_required: bool) -> Self {
        Self { reset_required }
    }
}

impl abstractions::platform::Driver for MetaDriver {
    type Operations = PlatformDevice;

    // The driver itself does no DMA; whoever it hands the device to claims the group.
    const DRIVER_MANAGED_DMA: bool = true;

    fn probe(
        &self,
        pdev: &platform::Device<Core<'_>>,
    ) -> Result<ARef<vfio::Device<PlatformDevice>>> {
        require_override::require_override(pdev.as_ref())?;

        vfio::Device::new(
            pdev.as_ref(),
            PlatformDevice::new::<platform::Device<Bound>>(pdev, self.reset_required)?,
        )
    }

    fn remove(
        &self,
        _pdev: &platform::Device<Core<'_>>,
        device: &vfio::Device<PlatformDevice, vfio::Registered>,
    ) {
        PlatformDevice::revoke(device);
    }
}
