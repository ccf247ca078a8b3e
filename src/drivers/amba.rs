// SPDX-License-Identifier: GPL-2.0

//! The AMBA meta driver: hands an AMBA device to userspace through VFIO.
//!
//! As in C, where it is `drivers/vfio/platform/vfio_amba.c`, it is the platform driver on another
//! bus: a device has one range of registers, and no reset is required of it.

use super::{
    platform::{
        BusDevice,
        PlatformDevice, //
    }, //
    require_override,
};
use crate::{
    abstractions::{
        amba,
        resource::Resource,
        vfio, //
    },
    bindings::VFIO_DEVICE_FLAGS_AMBA,
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*,
    str::CString,
    sync::aref::ARef, //
};

impl BusDevice for amba::Device {
    const FLAGS: u32 = VFIO_DEVICE_FLAGS_AMBA;

    fn device(&self) -> &Device<Bound> {
        self.device()
    }

    fn name(&self) -> Result<CString> {
        CString::try_from_fmt(fmt!("vfio-amba-{:08x}", self.periphid()))
    }

    fn resource(&self, index: u32) -> Option<Resource> {
        (index == 0).then(|| self.resource())
    }

    fn irq(&self, index: u32) -> Result<u32> {
        self.irq(index)
    }
}

/// The AMBA meta driver.
pub(super) struct MetaDriver;

impl amba::Driver for MetaDriver {
    type Operations = PlatformDevice;

    // The driver itself does no DMA; whoever it hands the device to claims the group.
    const DRIVER_MANAGED_DMA: bool = true;

    fn probe(&self, adev: &amba::Device) -> Result<ARef<vfio::Device<PlatformDevice>>> {
        require_override::require_override(adev.device())?;

        vfio::Device::new(adev.device(), PlatformDevice::new(adev, false)?)
    }

    fn remove(
        &self,
        _adev: &amba::Device,
        device: &vfio::Device<PlatformDevice, vfio::Registered>,
    ) {
        PlatformDevice::revoke(device);
    }
}

/// The registered driver.
pub(super) type Registration = amba::Registration<MetaDriver>;

/// Registers the driver.
///
/// # Errors
///
/// `EBUSY` if the bus already has a driver of that name, `ENOMEM`.
pub(super) fn register(
    name: CString,
    module: &'static ThisModule,
) -> Result<Pin<KBox<Registration>>> {
    KBox::pin_init(Registration::new(name, module, MetaDriver), GFP_KERNEL)
}
