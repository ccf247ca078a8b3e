// SPDX-License-Identifier: GPL-2.0

//! VFIO drivers for devices whose registers and interrupts firmware tells of.
//!
//! A [`Driver`] is written once for all of their buses; a [`Bus`] tells what differs. The device that
//! a probe returns is registered with VFIO, and unregistered when the parent is unbound: whatever the
//! driver does.

use super::{
    DeviceFlag,
    Header,
    NewDevice,
    Operations, //
};
use crate::{
    abstractions::{
        driver::{
            DriverRegistration,
            RegistrationOps, //
        },
        io::RegisterRange,
        irq,
        pm_runtime, //
    },
    bindings,
};
use kernel::{
    device::{
        self,
        Core, //
    },
    prelude::*,
    str::CString, //
};

/// A bus whose devices have registers and interrupts that firmware tells of.
///
/// # Safety
///
/// - As for [`RegistrationOps`], of which the items of the same names are a part.
/// - The driver structure of [`Bus::driver`] has no match table, so that no device is matched by what
///   it is; manages the DMA ownership of its devices itself, as whoever opens one claims the group;
///   and calls [`probe`] and [`remove`], in turn and with the device lock held, for devices of the bus
///   that are bound to a [`DriverRegistration`] of the driver.
pub(crate) unsafe trait Bus: Sized + 'static {
    /// The bus's driver structure, for instance `struct platform_driver`.
    type DriverType;

    /// A device of the bus that is being bound to a driver.
    type Device<'core>;

    /// The offset of the `struct device_driver` in the driver structure, in bytes.
    const DEVICE_DRIVER_OFFSET: usize;

    /// Unregisters a driver.
    const UNREGISTER: unsafe extern "C" fn(*mut Self::DriverType);

    /// The flag that tells users of the bus.
    const FLAG: DeviceFlag;

    /// The bus itself enables runtime power management before a probe, and disables it after an
    /// unbind.
    const HAS_RUNTIME_PM: bool;

    /// Returns the driver structure of `D`, without a name.
    fn driver<D: Driver<Bus = Self>>() -> Self::DriverType;

    /// Registers a driver whose name is in the `struct device_driver`; returns 0 or an errno.
    ///
    /// # Safety
    ///
    /// `driver` and its name must stay where they are until [`Bus::UNREGISTER`] returns.
    unsafe fn register(driver: *mut Self::DriverType, module: &'static ThisModule) -> c_int;

    /// Returns the device, as that of any bus.
    fn device<'a, 'core>(dev: &'a Self::Device<'core>) -> &'a device::Device<Core<'core>>;

    /// Returns the name that the device has in `/proc/interrupts`, and in tables of resets.
    ///
    /// # Errors
    ///
    /// `ENOMEM`
    fn name(dev: &Self::Device<'_>) -> Result<CString>;

    /// Returns register range number `index`, counting memory and I/O ports alike.
    fn registers(dev: &Self::Device<'_>, index: u32) -> Option<RegisterRange>;

    /// Returns interrupt line number `index`.
    ///
    /// # Errors
    ///
    /// `EPROBE_DEFER` if its controller is not there yet, `ENXIO` if there are not as many.
    fn irq(dev: &Self::Device<'_>, index: u32) -> Result<irq::Number>;
}

/// A driver that hands its devices to VFIO.
pub(crate) trait Driver: Send + Sync + Sized + 'static {
    /// The bus of its devices.
    type Bus: Bus;

    /// The driver's data for a device, and what it does for the device's users.
    type Operations: Operations;

    /// Called when the bus matched `dev` to this driver, by its override or by its name. The result is
    /// registered with VFIO.
    fn probe(&self, dev: &<Self::Bus as Bus>::Device<'_>) -> Result<NewDevice<Self::Operations>>;
}

// SAFETY: The safety requirements of `Bus` are those of this trait.
unsafe impl<D: Driver> RegistrationOps for D {
    type DriverType = <D::Bus as Bus>::DriverType;

    const DEVICE_DRIVER_OFFSET: usize = D::Bus::DEVICE_DRIVER_OFFSET;
    const UNREGISTER: unsafe extern "C" fn(*mut Self::DriverType) = D::Bus::UNREGISTER;

    fn driver() -> Self::DriverType {
        D::Bus::driver::<D>()
    }

    unsafe fn register(driver: *mut Self::DriverType, module: &'static ThisModule) -> c_int {
        // SAFETY: The caller's promise.
        unsafe { D::Bus::register(driver, module) }
    }
}

/// Probes `dev`.
///
/// # Safety
///
/// `dev` must be being probed by a [`DriverRegistration<D>`], which calls [`remove`] before it is
/// unbound if this succeeds.
pub(super) unsafe fn probe<D: Driver>(dev: &<D::Bus as Bus>::Device<'_>) -> Result {
    let core = D::Bus::device(dev);
    let raw: *mut bindings::device = core::ptr::from_ref(core).cast_mut().cast();
    // SAFETY: By the safety requirements.
    let driver = unsafe { DriverRegistration::<D>::data(raw) };
    let device = driver.probe(dev)?;

    if !D::Bus::HAS_RUNTIME_PM {
        pm_runtime::enable(core);
    }
    // SAFETY: By the safety requirements; nothing else uses the driver data.
    unsafe { device.register(core) }.inspect_err(|_| {
        if !D::Bus::HAS_RUNTIME_PM {
            pm_runtime::disable(core);
        }
    })
}

/// Undoes [`probe`]; waits until no user has the device open.
///
/// # Safety
///
/// `dev` must have been probed with the same `D`, and be being unbound.
pub(super) unsafe fn remove<D: Driver>(dev: &<D::Bus as Bus>::Device<'_>) {
    let core = D::Bus::device(dev);

    // SAFETY: By the safety requirements.
    unsafe { Header::<<D::Operations as Operations>::Base>::unregister(core) };
    if !D::Bus::HAS_RUNTIME_PM {
        pm_runtime::disable(core);
    }
}
