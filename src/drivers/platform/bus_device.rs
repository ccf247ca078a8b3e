// SPDX-License-Identifier: GPL-2.0

//! What the driver asks of a device of whatever bus: `get_resource` and others in C.

use crate::{
    abstractions::{
        platform,
        resource::Resource, //
    },
    bindings::VFIO_DEVICE_FLAGS_PLATFORM,
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*,
    str::CString, //
};

/// A device whose registers and interrupts are fixed by firmware.
pub(crate) trait BusDevice {
    /// `VFIO_DEVICE_FLAGS_*`: the bus.
    const FLAGS: u32;

    /// The device itself.
    fn device(&self) -> &Device<Bound>;

    /// The name that it has in `/proc/interrupts`.
    fn name(&self) -> Result<CString>;

    /// Register range number `index`.
    fn resource(&self, index: u32) -> Option<Resource>;

    /// The number of interrupt line number `index`.
    ///
    /// # Errors
    ///
    /// `EPROBE_DEFER` if its controller is not there yet; others end the list.
    fn irq(&self, index: u32) -> Result<u32>;
}

impl BusDevice for kernel::platform::Device<Bound> {
    const FLAGS: u32 = VFIO_DEVICE_FLAGS_PLATFORM;

    fn device(&self) -> &Device<Bound> {
        self.as_ref()
    }

    fn name(&self) -> Result<CString> {
        CString::try_from_fmt(fmt!("{}", platform::name(self)))
    }

    fn resource(&self, index: u32) -> Option<Resource> {
        platform::resource(self, index)
    }

    fn irq(&self, index: u32) -> Result<u32> {
        platform::irq(self, index)
    }
}
