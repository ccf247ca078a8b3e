// SPDX-License-Identifier: GPL-2.0

//! Registration of PCI drivers that need more of `struct pci_driver` than the `kernel` crate sets.
//!
//! [`kernel::pci::Adapter`] can't be used for a VFIO driver: it never sets `driver_managed_dma`, and
//! the `Registration` behind it treats whatever a failed or finished probe left in the driver data
//! as a Rust allocation of its own. Here the driver data belongs to the driver.
//!
//! C header: [`include/linux/pci.h`](srctree/include/linux/pci.h)

mod id;

pub(crate) use self::id::{
    device_table,
    DeviceId,
    IdTable,
    Ids, //
};

use kernel::{
    bindings,
    device::Core,
    error::{
        from_result,
        to_result,
        VTABLE_DEFAULT_ERROR, //
    },
    pci,
    prelude::*,
    str::CString,
    types::Opaque, //
};

/// What a driver does when the PCI bus has an error.
///
/// # Invariants
///
/// It points to a static table of callbacks, which are sound for every device that is bound to the
/// driver that names them.
#[derive(Clone, Copy)]
pub(crate) struct ErrorHandlers(*const bindings::pci_error_handlers);

impl ErrorHandlers {
    /// Uses callbacks that are written in C.
    ///
    /// # Safety
    ///
    /// The type invariants must hold.
    #[cfg(CONFIG_VFIO_PCI_CORE)]
    pub(super) const unsafe fn from_raw(handlers: *const bindings::pci_error_handlers) -> Self {
        // INVARIANT: The caller's promise.
        Self(handlers)
    }
}

/// A PCI driver.
#[vtable]
pub(crate) trait Driver {
    /// The devices that the driver has dedicated support for.
    const IDS: Option<Ids> = None;

    /// How the driver deals with errors of the bus.
    const ERROR_HANDLERS: Option<ErrorHandlers> = None;

    /// Whether the driver manages the DMA ownership of the IOMMU group by itself.
    ///
    /// If not, the driver core claims the group for the kernel's DMA API while a device is bound.
    const DRIVER_MANAGED_DMA: bool = false;

    /// Called when the bus matched `pdev` to this driver, by its override or by a dynamic ID.
    fn probe(pdev: &pci::Device<Core<'_>>) -> Result;

    /// Called when `pdev`, which was probed successfully, is unbound.
    fn remove(pdev: &pci::Device<Core<'_>>);

    /// Called when the user asks for `count` virtual functions of `pdev`, which was probed
    /// successfully. Returns how many there are now.
    fn sriov_configure(_pdev: &pci::Device<Core<'_>>, _count: c_int) -> Result<c_int> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

/// The registration of a [`Driver`]; dropping it unbinds all devices and unregisters the driver.
///
/// # Invariants
///
/// `driver` is registered with the PCI bus, and its name is `name`.
#[pin_data(PinnedDrop)]
pub(crate) struct Registration<T: Driver> {
    #[pin]
    driver: Opaque<bindings::pci_driver>,
    // Declared after `driver`: what the bus points to is freed once the driver is unregistered.
    name: CString,
    _marker: core::marker::PhantomData<T>,
}

// SAFETY: A `Registration` offers nothing through a shared reference.
unsafe impl<T: Driver> Sync for Registration<T> {}

// SAFETY: A driver can be unregistered from any thread.
unsafe impl<T: Driver> Send for Registration<T> {}

impl<T: Driver + 'static> Registration<T> {
    /// Registers the driver `T` as `name`.
    ///
    /// # Errors
    ///
    /// `EBUSY` if the bus already has a driver of that name, `ENOMEM`.
    pub(crate) fn new(name: CString, module: &'static ThisModule) -> impl PinInit<Self, Error> {
        // The heap buffer of a `CString` does not move with it.
        let name_ptr = name.as_char_ptr();

        try_pin_init!(Self {
            driver <- Opaque::try_ffi_init(move |slot: *mut bindings::pci_driver| {
                let driver = bindings::pci_driver {
                    name: name_ptr,
                    probe: Some(Self::probe_callback),
                    remove: Some(Self::remove_callback),
                    sriov_configure: if T::HAS_SRIOV_CONFIGURE {
                        Some(Self::sriov_configure_callback)
                    } else {
                        None
                    },
                    id_table: T::IDS.map_or(core::ptr::null(), Ids::as_ptr),
                    err_handler: T::ERROR_HANDLERS.map_or(core::ptr::null(), |h| h.0),
                    driver_managed_dma: T::DRIVER_MANAGED_DMA,
                    ..Default::default()
                };

                // SAFETY: `try_ffi_init` guarantees that `slot` is valid for writes.
                unsafe { slot.write(driver) };

                // SAFETY: `slot` was initialised above, is pinned, and stays valid until
                // `PinnedDrop` unregisters the driver; so does the name that it points to.
                to_result(unsafe {
                    bindings::__pci_register_driver(
                        slot,
                        module.as_ptr(),
                        kernel::str::CStrExt::as_char_ptr(c"overdrive"),
                    )
                })
            }),
            // INVARIANT: The driver was registered above, as `name`.
            name,
            _marker: core::marker::PhantomData,
        })
    }

    extern "C" fn probe_callback(
        pdev: *mut bindings::pci_dev,
        _id: *const bindings::pci_device_id,
    ) -> c_int {
        // SAFETY: The PCI bus calls this with a valid `struct pci_dev` and holds the device lock, as
        // the `Core` context demands. `pci::Device` is a transparent wrapper of it.
        let pdev = unsafe { &*pdev.cast::<pci::Device<Core<'_>>>() };

        from_result(|| T::probe(pdev).map(|()| 0))
    }

    extern "C" fn remove_callback(pdev: *mut bindings::pci_dev) {
        // SAFETY: As in `probe_callback`.
        let pdev = unsafe { &*pdev.cast::<pci::Device<Core<'_>>>() };

        T::remove(pdev);
    }

    extern "C" fn sriov_configure_callback(pdev: *mut bindings::pci_dev, count: c_int) -> c_int {
        // SAFETY: As in `probe_callback`.
        let pdev = unsafe { &*pdev.cast::<pci::Device<Core<'_>>>() };

        from_result(|| T::sriov_configure(pdev, count))
    }
}

#[pinned_drop]
impl<T: Driver> PinnedDrop for Registration<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariants, the driver is registered.
        unsafe { bindings::pci_unregister_driver(self.driver.get()) };
    }
}
