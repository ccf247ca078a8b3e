// SPDX-License-Identifier: GPL-2.0

//! The registration of drivers whose name is chosen at run time, on any bus.
//!
//! It is [`kernel::driver::Registration`] but for two things that a VFIO driver can't do with: there,
//! the name is a constant, and whatever is in the driver data after an unbind or a failed probe is
//! freed as a Rust allocation. Here the driver data are the bus's own affair.
//!
//! A bus implements [`RegistrationOps`] for the data of its drivers. The callbacks of its driver
//! structure find them by [`DriverRegistration::data`].
//!
//! C header: [`include/linux/device/driver.h`](srctree/include/linux/device/driver.h)

use crate::bindings;
use core::marker::PhantomPinned;
use kernel::{
    error::to_result,
    prelude::*,
    str::CString,
    types::Opaque, //
};

/// The data of a driver, and how their bus registers it.
///
/// # Safety
///
/// - [`RegistrationOps::DriverType`] is a C structure that embeds a `struct device_driver` at the
///   offset [`RegistrationOps::DEVICE_DRIVER_OFFSET`].
/// - The bus calls no callback of a driver that is not registered, and none once
///   [`RegistrationOps::UNREGISTER`] has returned.
pub(crate) unsafe trait RegistrationOps: Send + Sync + Sized + 'static {
    /// The bus's driver structure, for instance `struct pci_driver`.
    type DriverType;

    /// The offset of the `struct device_driver`, in bytes.
    const DEVICE_DRIVER_OFFSET: usize;

    /// Unbinds all devices of a driver, and unregisters it.
    const UNREGISTER: unsafe extern "C" fn(*mut Self::DriverType);

    /// Returns the structure to register, without a name.
    fn driver() -> Self::DriverType;

    /// Registers a driver whose name is in the `struct device_driver`; returns 0 or an errno.
    ///
    /// # Safety
    ///
    /// `driver` and its name must stay where they are until [`RegistrationOps::UNREGISTER`] returns.
    unsafe fn register(driver: *mut Self::DriverType, module: &'static ThisModule) -> c_int;
}

/// The name of this module, for drivers to be found by.
#[expect(clippy::disallowed_methods, reason = "as_char_ptr() is not const")]
pub(super) const MODULE_NAME: *const c_char = c"overdrive".as_ptr().cast();

/// A registered driver; dropping it unbinds all its devices and unregisters it.
///
/// # Invariants
///
/// `driver` is registered, and its name is `name`.
#[pin_data(PinnedDrop)]
pub(crate) struct DriverRegistration<T: RegistrationOps> {
    #[pin]
    driver: Opaque<T::DriverType>,
    // Declared after `driver`: what the bus points to is freed once the driver is unregistered.
    name: CString,
    data: T,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: A shared reference gives access to nothing.
unsafe impl<T: RegistrationOps> Sync for DriverRegistration<T> {}

// SAFETY: A driver can be unregistered from any thread, and `T` is `Send`.
unsafe impl<T: RegistrationOps> Send for DriverRegistration<T> {}

impl<T: RegistrationOps> DriverRegistration<T> {
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
            driver <- Opaque::try_ffi_init(move |slot: *mut T::DriverType| {
                // SAFETY: `try_ffi_init` guarantees that `slot` is valid for writes, and pinned.
                // `PinnedDrop` unregisters the driver before it goes away, and before the name does.
                // The callbacks find the other fields initialised.
                to_result(unsafe {
                    slot.write(T::driver());
                    let driver = slot.byte_add(T::DEVICE_DRIVER_OFFSET);
                    (*driver.cast::<bindings::device_driver>()).name = name_ptr;

                    T::register(slot, module)
                })
            }),
        })
    }

    /// Returns the data of the driver that `dev` is bound to or being probed by.
    ///
    /// # Safety
    ///
    /// That driver must be a `DriverRegistration<T>`, and the device lock must be held for `'a`.
    pub(super) unsafe fn data<'a>(dev: *mut bindings::device) -> &'a T {
        // SAFETY: By the safety requirements, `driver` is set and stays so. It is embedded in the
        // bus's structure at the given offset, which is embedded in a `DriverRegistration`.
        unsafe {
            let driver = (*dev).driver.byte_sub(T::DEVICE_DRIVER_OFFSET);
            let driver = Opaque::cast_from(driver.cast::<T::DriverType>());
            let this = kernel::container_of!(driver, Self, driver);

            // Not a reference to the whole object: `driver` changes while it is being registered.
            &(*this).data
        }
    }
}

#[pinned_drop]
impl<T: RegistrationOps> PinnedDrop for DriverRegistration<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariants, the driver is registered.
        unsafe { T::UNREGISTER(self.driver.get()) };
    }
}
