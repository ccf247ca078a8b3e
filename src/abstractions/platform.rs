// SPDX-License-Identifier: GPL-2.0

//! VFIO drivers for platform devices.
//!
//! [`kernel::platform::Adapter`] can't be used for a VFIO driver, for the reasons that
//! [`super::pci`] gives. Here the driver data is the VFIO device, which is registered after a
//! successful probe, and unregistered before the platform device is unbound: by construction, and
//! whatever the driver does.
//!
//! C header: [`include/linux/platform_device.h`](srctree/include/linux/platform_device.h)

use super::{
    pm_runtime,
    resource::Resource,
    vfio, //
};
use core::marker::PhantomPinned;
use kernel::{
    bindings,
    device::{
        Bound,
        Core, //
    },
    error::{
        from_result,
        to_result, //
    },
    platform,
    prelude::*,
    str::CString,
    sync::aref::ARef,
    types::Opaque, //
};

/// A platform driver without a match table that hands its devices to VFIO.
pub(crate) trait Driver: Send + Sync + 'static {
    /// What the driver does for the users of a device.
    type Operations: vfio::Operations;

    /// Whether the driver manages the DMA ownership of the IOMMU group by itself.
    ///
    /// If not, the driver core claims the group for the kernel's DMA API while a device is bound.
    const DRIVER_MANAGED_DMA: bool = false;

    /// Called when the bus matched `pdev` to this driver, by its override or by its name. The
    /// result is registered with VFIO.
    fn probe(
        &self,
        pdev: &platform::Device<Core<'_>>,
    ) -> Result<ARef<vfio::Device<Self::Operations>>>;

    /// Called when `pdev` is unbound, before the VFIO device is unregistered: users may still have
    /// it open. The unbinding goes on when the last of them has closed it.
    fn remove(
        &self,
        pdev: &platform::Device<Core<'_>>,
        device: &vfio::Device<Self::Operations, vfio::Registered>,
    );
}

/// The registration of a [`Driver`]; dropping it unbinds all devices and unregisters the driver.
///
/// # Invariants
///
/// - `driver` is registered with the platform bus, and its name is `name`.
/// - The driver data of a device that is bound to it are those of [`vfio::parent::give`].
#[pin_data(PinnedDrop)]
pub(crate) struct Registration<T: Driver> {
    #[pin]
    driver: Opaque<bindings::platform_driver>,
    // Declared after `driver`: what the bus points to is freed once the driver is unregistered.
    name: CString,
    data: T,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: A `Registration` offers nothing through a shared reference but a `T`, which is `Sync`.
unsafe impl<T: Driver> Sync for Registration<T> {}

// SAFETY: A driver can be unregistered from any thread, and `T` is `Send`.
unsafe impl<T: Driver> Send for Registration<T> {}

impl<T: Driver> Registration<T> {
    /// Registers the driver `data` as `name`.
    ///
    /// # Errors
    ///
    /// `EBUSY` if the bus already has a driver of that name, `ENOMEM`.
    pub(crate) fn new(
        name: CString,
        module: &'static ThisModule,
        data: T,
    ) -> impl PinInit<Self, Error> {
        // The heap buffer of a `CString` does not move with it.
        let name_ptr = name.as_char_ptr();

        try_pin_init!(Self {
            // INVARIANT: The driver is registered below, as `name`.
            name,
            data,
            _pin: PhantomPinned,
            // Last: from here on, devices can be probed.
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
                // `PinnedDrop` unregisters the driver; so does the name that it points to. The
                // callbacks find the fields above initialised.
                to_result(unsafe {
                    bindings::__platform_driver_register(
                        slot,
                        module.as_ptr(),
                        kernel::str::CStrExt::as_char_ptr(c"overdrive"),
                    )
                })
            }),
        })
    }

    /// Returns the driver that `pdev` is bound to or being probed by.
    ///
    /// # Safety
    ///
    /// That driver must be a `Registration<T>`, and the device lock must be held.
    unsafe fn of<'a>(pdev: *mut bindings::platform_device) -> &'a T {
        // SAFETY: By the safety requirements, `driver` is set and stays so, and it is embedded in a
        // `struct platform_driver`, which is embedded in a `Registration`.
        unsafe {
            let driver = (*pdev).dev.driver;
            let driver = kernel::container_of!(driver, bindings::platform_driver, driver);
            let this = kernel::container_of!(Opaque::cast_from(driver), Self, driver);

            // Not a reference to the whole object: `driver` changes while it is being registered.
            &(*this).data
        }
    }

    extern "C" fn probe_callback(pdev: *mut bindings::platform_device) -> c_int {
        // SAFETY: The platform bus calls this with a valid `struct platform_device` and holds the
        // device lock, as the `Core` context demands. `platform::Device` is a transparent wrapper.
        // The device is being probed by this driver.
        let (dev, driver) =
            unsafe { (&*pdev.cast::<platform::Device<Core<'_>>>(), Self::of(pdev)) };

        from_result(|| {
            let device = driver.probe(dev)?;

            pm_runtime::enable(dev.as_ref());
            // SAFETY: The device is being probed. Nothing else uses the driver data, and
            // `remove_callback` takes the registration.
            unsafe { vfio::parent::set_drvdata(dev.as_ref(), device) }
                .inspect_err(|_| pm_runtime::disable(dev.as_ref()))?;

            Ok(0)
        })
    }

    extern "C" fn remove_callback(pdev: *mut bindings::platform_device) {
        // SAFETY: As in `probe_callback`.
        let (dev, driver) =
            unsafe { (&*pdev.cast::<platform::Device<Core<'_>>>(), Self::of(pdev)) };

        // SAFETY: The device was probed successfully, and is being unbound.
        let registration = unsafe { vfio::parent::take_drvdata::<T::Operations>(dev.as_ref()) };

        driver.remove(dev, registration.device());
        // Waits for the last user.
        drop(registration);
        pm_runtime::disable(dev.as_ref());
    }
}

#[pinned_drop]
impl<T: Driver> PinnedDrop for Registration<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariants, the driver is registered.
        unsafe { bindings::platform_driver_unregister(self.driver.get()) };
    }
}

fn as_raw<Ctx: kernel::device::DeviceContext>(
    pdev: &platform::Device<Ctx>,
) -> *mut bindings::platform_device {
    // `platform::Device` is a transparent wrapper of `struct platform_device`.
    core::ptr::from_ref(pdev).cast_mut().cast()
}

/// Returns register range number `index` of `pdev`, counting memory and I/O ports alike.
pub(crate) fn resource(pdev: &platform::Device<Bound>, index: u32) -> Option<Resource> {
    // SAFETY: `pdev` is valid.
    let resource = unsafe { bindings::platform_get_mem_or_io(as_raw(pdev), index) };
    if resource.is_null() {
        return None;
    }

    // SAFETY: It is a resource of the device, which the driver is bound to.
    Some(unsafe { Resource::from_raw(resource) })
}

/// Returns the number of interrupt line number `index` of `pdev`.
///
/// # Errors
///
/// `ENXIO` if there are not as many, `EPROBE_DEFER` if its controller is not there yet.
pub(crate) fn irq(pdev: &platform::Device<Bound>, index: u32) -> Result<u32> {
    // SAFETY: `pdev` is valid.
    let irq = unsafe { bindings::platform_get_irq_optional(as_raw(pdev), index) };

    to_result(irq.min(0))?;
    Ok(u32::try_from(irq)?)
}

/// Returns the name that `pdev` has on the platform bus.
pub(crate) fn name(pdev: &platform::Device<Bound>) -> &CStr {
    // SAFETY: Every platform device has a name, which lives as long as the device.
    unsafe { CStr::from_char_ptr((*as_raw(pdev)).name) }
}
