// SPDX-License-Identifier: GPL-2.0

//! Attributes of drivers in sysfs.
//!
//! C header: [`include/linux/device/driver.h`](srctree/include/linux/device/driver.h)

use super::device_attr::{
    attribute_base,
    into_ssize, //
};
use crate::bindings;
use core::ptr::NonNull;
use kernel::{
    error::to_result,
    page::PAGE_SIZE,
    prelude::*,
    str::{
        CStrExt,
        CString, //
    },
    types::Opaque, //
};

/// An attribute: one file.
pub(crate) trait Attribute: 'static {
    /// The file's name.
    const NAME: &'static CStr;

    /// The permissions of the file.
    const MODE: u16;

    /// Writes what is read from the file into `page`, and returns its length.
    fn show(_page: &mut [u8; PAGE_SIZE]) -> Result<usize> {
        Err(EIO)
    }

    /// Takes what was written to the file.
    fn store(_text: &[u8]) -> Result {
        Err(EIO)
    }
}

/// A bus that always exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BusType {
    /// `pci_bus_type`
    Pci,
    /// `platform_bus_type`
    Platform,
}

impl BusType {
    fn find(self, name: &CStr) -> *mut bindings::device_driver {
        let bus = match self {
            Self::Pci => &raw const bindings::pci_bus_type,
            Self::Platform => &raw const bindings::platform_bus_type,
        };

        // SAFETY: Both buses are never unregistered.
        unsafe { bindings::driver_find(name.as_char_ptr(), bus) }
    }
}

/// A file in the directory of a driver of this module; dropping it removes the file, and waits for
/// its callbacks.
///
/// # Invariants
///
/// `attribute` was added to `driver`, which is the one that `bus` had by that name. It belongs to
/// this module.
#[pin_data(PinnedDrop)]
pub(crate) struct DriverFile<A: Attribute> {
    #[pin]
    attribute: Opaque<bindings::driver_attribute>,
    driver: NonNull<bindings::device_driver>,
    bus: BusType,
    name: CString,
    _marker: core::marker::PhantomData<A>,
}

// SAFETY: A `DriverFile` offers nothing through a shared reference.
unsafe impl<A: Attribute> Sync for DriverFile<A> {}

// SAFETY: A file can be removed by any thread.
unsafe impl<A: Attribute> Send for DriverFile<A> {}

impl<A: Attribute> DriverFile<A> {
    /// Adds the file to this module's driver called `name`.
    ///
    /// # Errors
    ///
    /// `ENOENT` if the bus has no such driver, or somebody else's; `ENOMEM`.
    pub(crate) fn new(
        bus: BusType,
        name: CString,
        module: &'static ThisModule,
    ) -> impl PinInit<Self, Error> {
        pin_init::pin_init_scope(move || {
            let driver = NonNull::new(bus.find(&name)).ok_or(ENOENT)?;

            // SAFETY: The driver was registered a moment ago. It stays so if it is this module's,
            // whose init function is what runs here; if it isn't, the comparison tells, which the
            // driver's module would have to be unloaded to disturb. Parts of the kernel have no owner;
            // if this is one, nobody else's driver has the name of its own.
            if unsafe { driver.as_ref() }.owner != module.as_ptr() {
                return Err(ENOENT);
            }
            Ok(try_pin_init!(Self {
                attribute <- Opaque::try_ffi_init(
                    move |slot: *mut bindings::driver_attribute| {
                        // SAFETY: `try_ffi_init` guarantees that `slot` is valid for writes.
                        unsafe { slot.write(Self::attribute()) };
                        // SAFETY: The driver is registered; `slot` is pinned, and `PinnedDrop`
                        // removes the file.
                        to_result(unsafe {
                            bindings::driver_create_file(driver.as_ptr(), slot)
                        })
                    },
                ),
                // INVARIANT: Added above.
                driver,
                bus,
                name,
                _marker: core::marker::PhantomData,
            }))
        })
    }

    fn attribute() -> bindings::driver_attribute {
        bindings::driver_attribute {
            attr: attribute_base(A::NAME, A::MODE),
            show: Some(Self::show),
            store: Some(Self::store),
        }
    }

    extern "C" fn show(_drv: *mut bindings::device_driver, buf: *mut c_char) -> isize {
        // SAFETY: `buf` is a page, and nobody else's during the call.
        into_ssize(A::show(unsafe { &mut *buf.cast::<[u8; PAGE_SIZE]>() }))
    }

    extern "C" fn store(
        _drv: *mut bindings::device_driver,
        buf: *const c_char,
        count: usize,
    ) -> isize {
        // SAFETY: `buf` has `count` bytes, which nobody changes during the call.
        let text = unsafe { core::slice::from_raw_parts(buf.cast(), count) };

        into_ssize(A::store(text).map(|()| count))
    }
}

#[pinned_drop]
impl<A: Attribute> PinnedDrop for DriverFile<A> {
    fn drop(self: Pin<&mut Self>) {
        // A driver takes its files with it.
        if self.bus.find(&self.name) == self.driver.as_ptr() {
            // SAFETY: By the type invariants. The driver is registered, and only this module could
            // change that, which is busy dropping.
            unsafe { bindings::driver_remove_file(self.driver.as_ptr(), self.attribute.get()) };
        }
    }
}
