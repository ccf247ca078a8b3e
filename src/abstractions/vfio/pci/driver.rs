// SPDX-License-Identifier: GPL-2.0

//! Drivers that give VFIO the PCI devices they are bound to.

use super::{
    function::Function,
    CoreDevice,
    Variant, //
};
use crate::{
    abstractions::{
        pci::{
            self as pci_driver,
            ErrorHandlers,
            Ids, //
        },
        vfio::{
            Base,
            Device, //
        }, //
    },
    bindings,
};
use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    device::Core,
    error::to_result,
    pci,
    prelude::*,
    sync::aref::ARef, //
};

/// How `vfio-pci-core` treats a device; fixed when the device is registered.
#[derive(Clone, Copy, Default)]
pub(crate) struct Options {
    /// Don't mask INTx in the device's command register.
    pub(crate) nointxmask: bool,
    /// Leave the device in D0 while nobody uses it.
    pub(crate) disable_idle_d3: bool,
    /// Don't offer the legacy VGA ranges.
    pub(crate) disable_vga: bool,
}

/// A driver for PCI devices that is built on `vfio-pci-core`.
pub(crate) trait Driver {
    /// The devices that the driver has dedicated support for.
    const IDS: Option<Ids>;

    /// Called when the bus matched a device to this driver. The driver takes it by
    /// [`Probe::register`]; with an error, the device remains without a driver.
    fn probe(probe: Probe<'_, '_>) -> Result;

    /// Whether a user may create virtual functions of a device that the driver has.
    ///
    /// # Errors
    ///
    /// What the user gets if not.
    fn sriov_allowed(pdev: &pci::Device<Core<'_>>) -> Result;
}

/// A PCI device that is being probed, and has not been registered yet.
///
/// # Invariants
///
/// The driver data of the device are NULL.
pub(crate) struct Probe<'a, 'core> {
    pdev: &'a pci::Device<Core<'core>>,
}

impl<'a, 'core> Probe<'a, 'core> {
    /// The device.
    pub(crate) fn pdev(&self) -> &'a pci::Device<Core<'core>> {
        self.pdev
    }

    /// Makes the device known to userspace, until it is unbound.
    ///
    /// # Errors
    ///
    /// `EINVAL` if it is a bridge, or has neither an IOMMU nor permission to do without; `EBUSY` if
    /// it has virtual functions; `ENOMEM`, and those of `data`.
    pub(crate) fn register<V: Variant>(
        self,
        options: Options,
        data: impl PinInit<V, Error>,
    ) -> Result {
        let device = Device::<Function<V>>::new(self.pdev.as_ref(), Function::new(data))?;
        let base: *mut CoreDevice = device.as_base();

        // SAFETY: Nobody but this function knows the device yet.
        unsafe {
            (*base).core.set_nointxmask(options.nointxmask);
            (*base).core.set_disable_idle_d3(options.disable_idle_d3);
            (*base).core.set_disable_vga(options.disable_vga);
        }

        // SAFETY: The device was just allocated for `pdev`, which is being probed. By the type
        // invariants, and because `self` is used up, it is the only one.
        unsafe { CoreDevice::register(base) }?;

        // The reference is the driver data's from now on; `Adapter::release` drops it.
        let _ = ARef::into_raw(device);

        Ok(())
    }
}

/// The PCI driver that a [`Driver`] is.
pub(crate) struct Adapter<D>(PhantomData<D>);

impl<D: Driver> Adapter<D> {
    /// Undoes [`Probe::register`], if it was called and succeeded.
    fn release(pdev: &pci::Device<Core<'_>>) {
        let Some(base) = Self::base(pdev) else {
            return;
        };

        // SAFETY: The driver data were set by `register`: the device is registered, and `pdev` is
        // still bound to this driver, or being probed by it.
        unsafe { CoreDevice::unregister(base.as_ptr()) };

        // SAFETY: The reference that the driver data stood for, until they were reset just now.
        unsafe { bindings::put_device(&raw mut (*base.as_ptr()).core.vdev.device) };
    }

    /// Returns the registered device of `pdev`.
    fn base(pdev: &pci::Device<Core<'_>>) -> Option<NonNull<CoreDevice>> {
        let dev: &kernel::device::Device<Core<'_>> = pdev.as_ref();

        // SAFETY: `dev` is a valid device; `device::Device` is a transparent wrapper.
        let data = unsafe { bindings::dev_get_drvdata(core::ptr::from_ref(dev).cast()) };

        NonNull::new(data.cast())
    }
}

#[vtable]
impl<D: Driver> pci_driver::Driver for Adapter<D> {
    const IDS: Option<Ids> = D::IDS;

    // SAFETY: The handlers use the driver data as a `struct vfio_pci_core_device`, which they are as
    // long as they are not NULL. The PCI core calls the handlers with the device lock held, for
    // bound devices; of those, `probe` has registered every one.
    const ERROR_HANDLERS: Option<ErrorHandlers> =
        Some(unsafe { ErrorHandlers::from_raw(&raw const bindings::vfio_pci_core_err_handlers) });

    // Whoever opens the device claims the IOMMU group.
    const DRIVER_MANAGED_DMA: bool = true;

    fn probe(pdev: &pci::Device<Core<'_>>) -> Result {
        // INVARIANT: The driver core guarantees it for a device without a driver.
        let result = D::probe(Probe { pdev });

        match result {
            // The error handlers rely on it.
            Ok(()) if Self::base(pdev).is_none() => Err(ENODEV),
            Ok(()) => Ok(()),
            Err(e) => {
                // The driver may have registered the device, and failed thereafter.
                Self::release(pdev);
                Err(e)
            }
        }
    }

    fn remove(pdev: &pci::Device<Core<'_>>) {
        Self::release(pdev);
    }

    fn sriov_configure(pdev: &pci::Device<Core<'_>>, count: c_int) -> Result<c_int> {
        D::sriov_allowed(pdev)?;
        let base = Self::base(pdev).ok_or(ENODEV)?;

        // SAFETY: The driver data are those of a registered device, and the PCI core holds the
        // device lock.
        let ret = unsafe { bindings::vfio_pci_core_sriov_configure(base.as_ptr().cast(), count) };

        to_result(ret).map(|()| ret)
    }
}
