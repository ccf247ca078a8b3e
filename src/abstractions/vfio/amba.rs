// SPDX-License-Identifier: GPL-2.0

//! The AMBA bus, for VFIO drivers.
//!
//! C header: [`include/linux/amba/bus.h`](srctree/include/linux/amba/bus.h)

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
use core::{
    marker::PhantomData,
    mem::offset_of, //
};
use kernel::{
    device::{
        self,
        Core, //
    },
    error::from_result,
    prelude::*,
    str::CString,
    types::Opaque, //
};

/// The AMBA bus.
pub(crate) enum Amba {}

/// An AMBA device that is being bound to a driver, or unbound from it. The kernel crate has no such
/// type.
///
/// # Invariants
///
/// It is a valid `struct amba_device` in the [`Core`] context.
#[repr(transparent)]
pub(crate) struct AmbaDevice<'core>(Opaque<bindings::amba_device>, PhantomData<Core<'core>>);

/// The end of a table of IDs.
#[repr(transparent)]
struct NoIds(bindings::amba_id);

// SAFETY: Nobody writes it, and its pointer is NULL.
unsafe impl Sync for NoIds {}

static NO_IDS: NoIds = NoIds(bindings::amba_id {
    id: 0,
    mask: 0,
    data: core::ptr::null_mut(),
});

// SAFETY: The driver structure has an empty match table, and calls the callbacks below.
unsafe impl Bus for Amba {
    type DriverType = bindings::amba_driver;
    type Device<'core> = AmbaDevice<'core>;

    const DEVICE_DRIVER_OFFSET: usize = offset_of!(bindings::amba_driver, drv);
    const UNREGISTER: unsafe extern "C" fn(*mut bindings::amba_driver) =
        bindings::amba_driver_unregister;
    const FLAG: DeviceFlag = DeviceFlag::Amba;
    const HAS_RUNTIME_PM: bool = true;

    fn driver<D: Driver<Bus = Self>>() -> bindings::amba_driver {
        bindings::amba_driver {
            drv: bindings::device_driver {
                mod_name: MODULE_NAME,
                ..Default::default()
            },
            probe: Some(probe_callback::<D>),
            remove: Some(remove_callback::<D>),
            id_table: &raw const NO_IDS.0,
            driver_managed_dma: true,
            ..Default::default()
        }
    }

    unsafe fn register(driver: *mut bindings::amba_driver, module: &'static ThisModule) -> c_int {
        // SAFETY: By the safety requirements.
        unsafe { bindings::__amba_driver_register(driver, module.as_ptr()) }
    }

    fn device<'a, 'core>(dev: &'a Self::Device<'core>) -> &'a device::Device<Core<'core>> {
        // SAFETY: By the type invariants. `device::Device` is a transparent wrapper of the
        // `struct device` that is embedded.
        unsafe { &*(&raw const (*dev.0.get()).dev).cast() }
    }

    fn name(dev: &AmbaDevice<'_>) -> Result<CString> {
        // SAFETY: By the type invariants. The bus has read the ID before it matched the device.
        let id = unsafe { (*dev.0.get()).periphid };

        CString::try_from_fmt(fmt!("vfio-amba-{id:08x}"))
    }

    fn registers(dev: &AmbaDevice<'_>, index: u32) -> Option<RegisterRange> {
        // SAFETY: By the type invariants, the device is valid, and being bound to a driver.
        (index == 0).then(|| unsafe { RegisterRange::from_resource(&raw const (*dev.0.get()).res) })
    }

    fn irq(dev: &AmbaDevice<'_>, index: u32) -> Result<irq::Number> {
        // SAFETY: By the type invariants. The bus fills the array before a probe.
        let irqs = unsafe { (*dev.0.get()).irq };

        match irqs.get(usize::try_from(index)?) {
            None | Some(0) => Err(ENXIO),
            // SAFETY: It is a line of the device, which the driver is being bound to.
            Some(irq) => Ok(unsafe { irq::Number::from_raw(*irq) }),
        }
    }
}

extern "C" fn probe_callback<D: Driver<Bus = Amba>>(
    adev: *mut bindings::amba_device,
    _id: *const bindings::amba_id,
) -> c_int {
    // SAFETY: The bus calls this with a valid `struct amba_device` that is being probed, and holds the
    // device lock, as the `Core` context demands.
    from_result(|| unsafe { driver::probe::<D>(&*adev.cast()) }.map(|()| 0))
}

extern "C" fn remove_callback<D: Driver<Bus = Amba>>(adev: *mut bindings::amba_device) {
    // SAFETY: As in `probe_callback`; the device was probed successfully.
    unsafe { driver::remove::<D>(&*adev.cast()) };
}
