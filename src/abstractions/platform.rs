// SPDX-License-Identifier: GPL-2.0

//! Registration of platform drivers that need more of `struct platform_driver` than the `kernel`
//! crate sets.
//!
//! [`kernel::platform::Adapter`] can't be used for a VFIO driver, for the reasons that
//! [`super::pci`] gives.
//!
//! C header: [`include/linux/platform_device.h`](srctree/include/linux/platform_device.h)

use kernel::{
    bindings,
    device::Core,
    error::{
        from_result,
        to_result, //
    },
    platform,
    prelude::*,
    str::CString,
    types::Opaque, //
};

/// A platform driver without a match table.
pub(crate) trait Driver {
    /// Whether the driver manages the DMA ownership of the IOMMU group by itself.
    ///
    /// If not, the driver core claims the group for the kernel's DMA API while a device is bound.
    const DRIVER_MANAGED_DMA: bool = false;

    /// Called when the bus matched `pdev` to this driver, by its override or by its name.
    fn probe(pdev: &platform::Device<Core<'_>>) -> Result;

    /// Called when `pdev`, which was probed successfully, is unbound.
    fn remove(pdev: &platform::Device<Core<'_>>);
}

/// The registration of a [`Driver`]; dropping it unbinds all devices and unregisters the driver.
///
/// # Invariants
///
/// `driver` is registered with the platform bus, and its name is `name`.
#[pin_data(PinnedDrop)]
pub(crate) struct Registration<T: Driver> {
    #[pin]
    driver: Opaque<bindings::platform_driver>,
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
            driver <- Opaque::try_ffi_init(move |slot: *mut bindings::platform_driver| {
                let driver = bindings::platform_driver {
                    probe: Some(Self::probe_callback),
                    remove: Some(Self::remove_callback),
                    driver: bindings::device_driver {
                        name: name_ptr,
                        ..Default::default()
                    },
                    driver_managed_dma: T::DRIVER_MANAGED_DMA,
                    ..Default::default()
                };

                // SAFETY: `try_ffi_init` guarantees that `slot` is valid for writes.
                unsafe { slot.write(driver) };

                // SAFETY: `slot` was initialised above, is pinned, and stays valid until
                // `PinnedDrop` unregisters the driver; so does the name that it points to.
                to_result(unsafe {
                    bindings::__platform_driver_register(
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

    extern "C" fn probe_callback(pdev: *mut bindings::platform_device) -> c_int {
        // SAFETY: The platform bus calls this with a valid `struct platform_device` and holds the
        // device lock, as the `Core` context demands. `platform::Device` is a transparent wrapper.
        let pdev = unsafe { &*pdev.cast::<platform::Device<Core<'_>>>() };

        from_result(|| T::probe(pdev).map(|()| 0))
    }

    extern "C" fn remove_callback(pdev: *mut bindings::platform_device) {
        // SAFETY: As in `probe_callback`.
        let pdev = unsafe { &*pdev.cast::<platform::Device<Core<'_>>>() };

        T::remove(pdev);
    }
}

#[pinned_drop]
impl<T: Driver> PinnedDrop for Registration<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariants, the driver is registered.
        unsafe { bindings::platform_driver_unregister(self.driver.get()) };
    }
}
