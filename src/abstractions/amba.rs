// SPDX-License-Identifier: GPL-2.0

//! VFIO drivers for AMBA devices.
//!
//! As in [`super::platform`], the driver data is the VFIO device, which is registered after a
//! successful probe, and unregistered before the device is unbound.
//!
//! The bus itself enables runtime power management before a probe, and disables it after an unbind;
//! meanwhile the device is active.
//!
//! C header: [`include/linux/amba/bus.h`](srctree/include/linux/amba/bus.h)

use super::{
    resource::Resource,
    vfio, //
};
use crate::bindings;
use core::marker::PhantomPinned;
use kernel::{
    device::{
        self,
        Core, //
    },
    error::{
        from_result,
        to_result, //
    },
    prelude::*,
    str::CString,
    sync::aref::ARef,
    types::Opaque, //
};

/// An AMBA device that is being bound to a driver, or unbound from it. Its device lock is held.
///
/// # Invariants
///
/// It is a valid `struct amba_device` in the [`Core`] context.
#[repr(transparent)]
pub(crate) struct Device(Opaque<bindings::amba_device>);

impl Device {
    /// # Safety
    ///
    /// `adev` must be valid, and in the [`Core`] context, for as long as `'a`.
    unsafe fn from_raw<'a>(adev: *mut bindings::amba_device) -> &'a Self {
        // SAFETY: By the safety requirements; `Device` is a transparent wrapper.
        unsafe { &*adev.cast() }
    }

    /// The device, as that of any bus.
    pub(crate) fn device(&self) -> &device::Device<Core<'_>> {
        // SAFETY: By the type invariants. `device::Device` is a transparent wrapper of the
        // `struct device` that is embedded.
        unsafe { &*(&raw const (*self.0.get()).dev).cast() }
    }

    /// What kind of device it is: designer, part number and revision.
    pub(crate) fn periphid(&self) -> u32 {
        // SAFETY: By the type invariants. The bus has read it before it matched the device.
        unsafe { (*self.0.get()).periphid }
    }

    /// Its registers.
    pub(crate) fn resource(&self) -> Resource {
        // SAFETY: By the type invariants, the device is valid, and bound to a driver of this module.
        unsafe { Resource::from_raw(&raw const (*self.0.get()).res) }
    }

    /// Returns the number of interrupt line number `index`.
    ///
    /// # Errors
    ///
    /// `ENXIO` if there are not as many.
    pub(crate) fn irq(&self, index: u32) -> Result<u32> {
        // SAFETY: By the type invariants. The bus fills the array before a probe.
        let irqs = unsafe { &(*self.0.get()).irq };

        match irqs.get(usize::try_from(index)?) {
            None | Some(0) => Err(ENXIO),
            Some(irq) => Ok(*irq),
        }
    }
}

/// An AMBA driver without IDs that hands its devices to VFIO.
pub(crate) trait Driver: Send + Sync + 'static {
    /// What the driver does for the users of a device.
    type Operations: vfio::Operations;

    /// Whether the driver manages the DMA ownership of the IOMMU group by itself.
    ///
    /// If not, the bus claims the group for the kernel's DMA API while a device is bound.
    const DRIVER_MANAGED_DMA: bool = false;

    /// Called when the bus matched `adev` to this driver, by its override. The result is registered
    /// with VFIO.
    fn probe(&self, adev: &Device) -> Result<ARef<vfio::Device<Self::Operations>>>;

    /// Called when `adev` is unbound, before the VFIO device is unregistered: users may still have
    /// it open. The unbinding goes on when the last of them has closed it.
    fn remove(&self, adev: &Device, device: &vfio::Device<Self::Operations, vfio::Registered>);
}

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

/// The registration of a [`Driver`]; dropping it unbinds all devices and unregisters the driver.
///
/// # Invariants
///
/// - `driver` is registered with the AMBA bus, and its name is `name`.
/// - The driver data of a device that is bound to it are those of [`vfio::parent::give`].
#[pin_data(PinnedDrop)]
pub(crate) struct Registration<T: Driver> {
    #[pin]
    driver: Opaque<bindings::amba_driver>,
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
            driver <- Opaque::try_ffi_init(move |slot: *mut bindings::amba_driver| {
                let driver = bindings::amba_driver {
                    drv: bindings::device_driver {
                        name: name_ptr,
                        mod_name: kernel::str::CStrExt::as_char_ptr(c"overdrive"),
                        ..Default::default()
                    },
                    probe: Some(Self::probe_callback),
                    remove: Some(Self::remove_callback),
                    id_table: &raw const NO_IDS.0,
                    driver_managed_dma: T::DRIVER_MANAGED_DMA,
                    ..Default::default()
                };

                // SAFETY: `try_ffi_init` guarantees that `slot` is valid for writes.
                unsafe { slot.write(driver) };

                // SAFETY: `slot` was initialised above, is pinned, and stays valid until
                // `PinnedDrop` unregisters the driver; so do the name and the table of IDs that it
                // points to. The callbacks find the fields above initialised.
                to_result(unsafe { bindings::__amba_driver_register(slot, module.as_ptr()) })
            }),
        })
    }

    /// Returns the driver that `adev` is bound to or being probed by.
    ///
    /// # Safety
    ///
    /// That driver must be a `Registration<T>`, and the device lock must be held.
    unsafe fn of<'a>(adev: *mut bindings::amba_device) -> &'a T {
        // SAFETY: By the safety requirements, `driver` is set and stays so, and it is embedded in a
        // `struct amba_driver`, which is embedded in a `Registration`.
        unsafe {
            let driver = (*adev).dev.driver;
            let driver = kernel::container_of!(driver, bindings::amba_driver, drv);
            let this = kernel::container_of!(Opaque::cast_from(driver), Self, driver);

            // Not a reference to the whole object: `driver` changes while it is being registered.
            &(*this).data
        }
    }

    extern "C" fn probe_callback(
        adev: *mut bindings::amba_device,
        _id: *const bindings::amba_id,
    ) -> c_int {
        // SAFETY: The bus calls this with a valid `struct amba_device` and holds the device lock, as
        // the `Core` context demands. The device is being probed by this driver.
        let (dev, driver) = unsafe { (Device::from_raw(adev), Self::of(adev)) };

        from_result(|| {
            let device = driver.probe(dev)?;

            // SAFETY: The device is being probed. Nothing else uses the driver data, and
            // `remove_callback` takes the registration.
            unsafe { vfio::parent::set_drvdata(dev.device(), device) }?;

            Ok(0)
        })
    }

    extern "C" fn remove_callback(adev: *mut bindings::amba_device) {
        // SAFETY: As in `probe_callback`.
        let (dev, driver) = unsafe { (Device::from_raw(adev), Self::of(adev)) };

        // SAFETY: The device was probed successfully, and is being unbound.
        let registration = unsafe { vfio::parent::take_drvdata::<T::Operations>(dev.device()) };

        driver.remove(dev, registration.device());
        // Waits for the last user.
        drop(registration);
    }
}

#[pinned_drop]
impl<T: Driver> PinnedDrop for Registration<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariants, the driver is registered.
        unsafe { bindings::amba_driver_unregister(self.driver.get()) };
    }
}
