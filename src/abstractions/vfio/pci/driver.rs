// SPDX-License-Identifier: GPL-2.0

//! Drivers that give VFIO the PCI devices they are bound to.

use super::{
    function::Function,
    id::Ids,
    Variant, //
};
use crate::{
    abstractions::{
        driver::{
            RegistrationOps,
            MODULE_NAME, //
        },
        vfio::{
            Header,
            NewDevice, //
        }, //
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
    error::{
        from_result,
        to_result, //
    },
    pci,
    prelude::*, //
};

/// The treatment of a device by `vfio-pci-core`; fixed when the device is registered.
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
pub(crate) trait Driver: Send + Sync + 'static {
    /// The devices that the driver has dedicated support for.
    const IDS: Ids;

    /// Called when the bus matched a device to this driver, by its override or by a dynamic ID. The
    /// driver takes it by [`Probe::register`]; with an error, the device remains without a driver.
    fn probe(probe: Probe<'_, '_>) -> Result;

    /// Checks whether a user may create virtual functions of a device that the driver has.
    ///
    /// # Errors
    ///
    /// The user gets the error.
    fn sriov_allowed(pdev: &pci::Device<Core<'_>>) -> Result;
}

/// A PCI device that is being probed, and has not been registered yet.
///
/// # Invariants
///
/// The driver data of the device are NULL.
pub(crate) struct Probe<'a, 'core>(&'a pci::Device<Core<'core>>);

impl<'a, 'core> Probe<'a, 'core> {
    /// Returns the device.
    pub(crate) fn pdev(&self) -> &'a pci::Device<Core<'core>> {
        self.0
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
        let device = NewDevice::<Function<V>>::new(self.0.as_ref(), Function::new(data))?;
        let core = device.as_base();

        // SAFETY: By the type invariants of `NewDevice`, nobody else uses the device. By those of
        // `Probe`, and because `self` is used up, it is the only one of `pdev`, which is being probed;
        // `Adapter` unregisters it.
        unsafe {
            (*core).set_nointxmask(options.nointxmask);
            (*core).set_disable_idle_d3(options.disable_idle_d3);
            (*core).set_disable_vga(options.disable_vga);

            device.register(self.0.as_ref())
        }
    }
}

/// The PCI driver that a [`Driver`] is.
pub(crate) struct Adapter<D>(PhantomData<D>);

impl<D: Driver> Adapter<D> {
    /// Returns the adapter.
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }

    /// Undoes [`Probe::register`], if it was called and succeeded.
    fn unregister(pdev: &pci::Device<Core<'_>>) {
        if !core_device(pdev).is_null() {
            // SAFETY: The driver data were set by `register`, and `pdev` is still bound to this
            // driver, or being probed by it.
            unsafe { Header::<bindings::vfio_pci_core_device>::unregister(pdev.as_ref()) };
        }
    }

    extern "C" fn probe_callback(
        pdev: *mut bindings::pci_dev,
        _id: *const bindings::pci_device_id,
    ) -> c_int {
        // SAFETY: The PCI bus calls this with a valid `struct pci_dev` and holds the device lock, as
        // the `Core` context demands. `pci::Device` is a transparent wrapper of it.
        let pdev = unsafe { &*pdev.cast::<pci::Device<Core<'_>>>() };

        from_result(|| {
            // INVARIANT: The driver core guarantees it for a device without a driver.
            D::probe(Probe(pdev))
                // The driver may have registered the device, and failed thereafter.
                .inspect_err(|_| Self::unregister(pdev))?;

            // The error handlers rely on the driver data.
            if core_device(pdev).is_null() {
                return Err(ENODEV);
            }
            Ok(0)
        })
    }

    extern "C" fn remove_callback(pdev: *mut bindings::pci_dev) {
        // SAFETY: As in `probe_callback`.
        Self::unregister(unsafe { &*pdev.cast::<pci::Device<Core<'_>>>() });
    }

    extern "C" fn sriov_configure_callback(pdev: *mut bindings::pci_dev, count: c_int) -> c_int {
        // SAFETY: As in `probe_callback`.
        let pdev = unsafe { &*pdev.cast::<pci::Device<Core<'_>>>() };

        from_result(|| {
            D::sriov_allowed(pdev)?;

            // SAFETY: The driver data are those of a registered device, and the PCI core holds the
            // device lock.
            let ret = unsafe { bindings::vfio_pci_core_sriov_configure(core_device(pdev), count) };
            to_result(ret).map(|()| ret)
        })
    }
}

/// Returns the registered device of `pdev`, or NULL.
fn core_device(pdev: &pci::Device<Core<'_>>) -> *mut bindings::vfio_pci_core_device {
    let dev: &device::Device<Core<'_>> = pdev.as_ref();

    // SAFETY: `dev` is a valid device; `device::Device` is a transparent wrapper.
    unsafe { bindings::dev_get_drvdata(core::ptr::from_ref(dev).cast()) }.cast()
}

// SAFETY: The structure embeds the `struct device_driver`; the bus calls the callbacks for registered
// drivers only. The error handlers use the driver data as a `struct vfio_pci_core_device`, which they
// are as long as they are not NULL. The PCI core calls the handlers with the device lock held, for bound
// devices; of those, the probe has registered every one.
unsafe impl<D: Driver> RegistrationOps for Adapter<D> {
    type DriverType = bindings::pci_driver;

    const DEVICE_DRIVER_OFFSET: usize = offset_of!(bindings::pci_driver, driver);
    const UNREGISTER: unsafe extern "C" fn(*mut bindings::pci_driver) =
        bindings::pci_unregister_driver;

    fn driver() -> bindings::pci_driver {
        bindings::pci_driver {
            probe: Some(Self::probe_callback),
            remove: Some(Self::remove_callback),
            sriov_configure: Some(Self::sriov_configure_callback),
            id_table: D::IDS.as_ptr(),
            err_handler: &raw const bindings::vfio_pci_core_err_handlers,
            // Whoever opens the device claims the IOMMU group.
            driver_managed_dma: true,
            ..Default::default()
        }
    }

    unsafe fn register(driver: *mut bindings::pci_driver, module: &'static ThisModule) -> c_int {
        // SAFETY: By the safety requirements. The bus takes the name from here.
        unsafe {
            (*driver).name = (*driver).driver.name;
            bindings::__pci_register_driver(driver, module.as_ptr(), MODULE_NAME)
        }
    }
}
