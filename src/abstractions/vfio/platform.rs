// SPDX-License-Identifier: GPL-2.0

//! The platform bus, for VFIO drivers.
//!
//! C header: [`include/linux/platform_device.h`](srctree/include/linux/platform_device.h)

use super::{
    driver,
    Bus,
    DeviceFlag,
    Driver, //
};
use crate::{
    abstractions::{
        driver::MODULE_NAME,
        io::RegisterRange,
        irq, //
    },
    bindings,
};
use core::mem::offset_of;
use kernel::{
    device::{
        self,
        Core, //
    },
    error::{
        from_result,
        to_result, //
    },
    platform,
    prelude::*,
    str::CString, //
};

/// The platform bus.
pub(crate) enum Platform {}

// SAFETY: The driver structure has no match table, and calls the callbacks below.
unsafe impl Bus for Platform {
    type DriverType = bindings::platform_driver;
    type Device<'core> = platform::Device<Core<'core>>;

    const DEVICE_DRIVER_OFFSET: usize = offset_of!(bindings::platform_driver, driver);
    const UNREGISTER: unsafe extern "C" fn(*mut bindings::platform_driver) =
        bindings::platform_driver_unregister;
    const FLAG: DeviceFlag = DeviceFlag::Platform;
    const HAS_RUNTIME_PM: bool = false;

    fn driver<D: Driver<Bus = Self>>() -> bindings::platform_driver {
        bindings::platform_driver {
            probe: Some(probe_callback::<D>),
            remove: Some(remove_callback::<D>),
            driver_managed_dma: true,
            ..Default::default()
        }
    }

    unsafe fn register(
        driver: *mut bindings::platform_driver,
        module: &'static ThisModule,
    ) -> c_int {
        // SAFETY: By the safety requirements.
        unsafe { bindings::__platform_driver_register(driver, module.as_ptr(), MODULE_NAME) }
    }

    fn device<'a, 'core>(dev: &'a Self::Device<'core>) -> &'a device::Device<Core<'core>> {
        dev.as_ref()
    }

    fn name(dev: &Self::Device<'_>) -> Result<CString> {
        // SAFETY: Every platform device has a name, which lives as long as the device.
        let name = unsafe { CStr::from_char_ptr((*as_raw(dev)).name) };

        CString::try_from_fmt(fmt!("{name}"))
    }

    fn registers(dev: &Self::Device<'_>, index: u32) -> Option<RegisterRange> {
        // SAFETY: `dev` is valid.
        let resource = unsafe { bindings::platform_get_mem_or_io(as_raw(dev), index) };

        // SAFETY: It is a resource of the device, which the driver is being bound to.
        (!resource.is_null()).then(|| unsafe { RegisterRange::from_resource(resource) })
    }

    fn irq(dev: &Self::Device<'_>, index: u32) -> Result<irq::Number> {
        // SAFETY: `dev` is valid.
        let irq = unsafe { bindings::platform_get_irq_optional(as_raw(dev), index) };

        to_result(irq.min(0))?;
        // SAFETY: It is a line of the device, which the driver is being bound to.
        Ok(unsafe { irq::Number::from_raw(u32::try_from(irq)?) })
    }
}

fn as_raw(dev: &platform::Device<Core<'_>>) -> *mut bindings::platform_device {
    // `platform::Device` is a transparent wrapper of `struct platform_device`.
    core::ptr::from_ref(dev).cast_mut().cast()
}

extern "C" fn probe_callback<D: Driver<Bus = Platform>>(
    pdev: *mut bindings::platform_device,
) -> c_int {
    // SAFETY: The bus calls this with a valid `struct platform_device` that is being probed, and holds
    // the device lock, as the `Core` context demands.
    from_result(|| unsafe { driver::probe::<D>(&*pdev.cast()) }.map(|()| 0))
}

extern "C" fn remove_callback<D: Driver<Bus = Platform>>(pdev: *mut bindings::platform_device) {
    // SAFETY: As in `probe_callback`; the device was probed successfully.
    unsafe { driver::remove::<D>(&*pdev.cast()) };
}
