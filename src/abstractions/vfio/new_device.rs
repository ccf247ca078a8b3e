// SPDX-License-Identifier: GPL-2.0

//! The allocation and the registration of VFIO devices.

use super::{
    device::{
        put,
        Device,
        Header, //
    },
    door::Door,
    ops::Vtable,
    Base,
    Operations, //
};
use crate::{
    abstractions::compat,
    bindings, //
};
use core::ptr::NonNull;
use kernel::{
    device,
    error::from_err_ptr,
    prelude::*, //
};

/// A device that nobody but its owner knows yet.
///
/// # Invariants
///
/// The pointer is that of a complete device that is not registered, with the only reference to it.
pub(crate) struct NewDevice<T: Operations>(NonNull<Device<T>>);

impl<T: Operations> NewDevice<T> {
    /// Allocates a device for `parent` and installs `data` in it.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, `ENOSPC`, and those of the base's `init` callback and of `data`.
    pub(crate) fn new(
        parent: &device::Device<device::Bound>,
        data: impl PinInit<T, Error>,
    ) -> Result<Self> {
        const {
            // The memory is the page or slab allocator's, which guarantee no more.
            assert!(core::mem::align_of::<Device<T>>() <= 8);
        }

        // SAFETY: `parent` is a valid device. The size is that of a structure which begins with a
        // `struct vfio_device`, by the safety requirements of `Base`. The callbacks live forever.
        let vdev = from_err_ptr(unsafe {
            bindings::_vfio_alloc_device(
                size_of::<Device<T>>(),
                core::ptr::from_ref(parent).cast_mut().cast(),
                Vtable::<T>::OPS,
            )
        })?;

        // SAFETY: `vdev` is the beginning of a zeroed allocation of the size of a `Device<T>`. It
        // never moves, and nobody else knows it yet.
        unsafe { Self::complete(vdev, data) }.inspect_err(|_| {
            // SAFETY: The reference is the one that the allocation came with. There are no data, and
            // the callback for its release is the base's own.
            unsafe { put(vdev) };
        })
    }

    /// Initialises all of a new device but its base.
    ///
    /// # Safety
    ///
    /// `vdev` must have been allocated for a `Device<T>`. If this succeeds, the result owns the
    /// reference to it.
    unsafe fn complete(
        vdev: *mut bindings::vfio_device,
        data: impl PinInit<T, Error>,
    ) -> Result<Self> {
        let this = vdev.cast::<Device<T>>();
        let header = vdev.cast::<Header<T::Base>>();

        // SAFETY: By the safety requirements, all pointers are valid and nobody else uses them. The
        // door is detached before the device is freed.
        unsafe {
            (*header).ops = *Vtable::<T>::OPS;
            (*vdev).ops = &raw const (*header).ops;

            let door = Door::new(NonNull::new_unchecked(vdev))?;
            compat::pinned_init(data, &raw mut (*this).data)?;
            (&raw mut (*header).door).write(door);
            (*header).drop_data = Device::<T>::drop_data;

            // INVARIANT: The device is complete.
            Ok(Self(NonNull::new_unchecked(this)))
        }
    }

    /// Returns the device as the C type that it is built on.
    pub(super) fn as_base(&self) -> *mut T::Base {
        self.0.as_ptr().cast()
    }

    /// Makes the device known to userspace, and makes it the driver data of `parent`.
    ///
    /// Its name, as the VFIO core knows it, is the driver's.
    ///
    /// # Errors
    ///
    /// `EINVAL` if `parent` is not what the device was allocated for, or has neither an IOMMU nor
    /// permission to do without; `ENOMEM`, and those of the driver core.
    ///
    /// # Safety
    ///
    /// `parent` must be being probed by a driver that leaves its driver data alone and, if this
    /// succeeds, calls [`Header::unregister`] before `parent` is unbound.
    pub(super) unsafe fn register(self, parent: &device::Device<device::Core<'_>>) -> Result {
        let header = self.0.as_ptr().cast::<Header<T::Base>>();
        let vdev = header.cast::<bindings::vfio_device>();
        let raw = core::ptr::from_ref(parent).cast_mut().cast();

        // SAFETY: By the type invariants, the device is complete and nobody else uses it. The name
        // lives as long as `parent` is bound: it is last used when the device is unregistered.
        unsafe {
            if (*vdev).dev != raw {
                return Err(EINVAL);
            }
            (*header).door.attach(parent)?;
            (*header).ops.name = (*(*raw).driver).name.cast_mut();
            bindings::dev_set_drvdata(raw, header.cast());
        }

        // SAFETY: As above; the driver data were set.
        unsafe { T::Base::register(self.as_base()) }.inspect_err(|_| {
            // SAFETY: As above; the device was not registered.
            unsafe { bindings::dev_set_drvdata(raw, core::ptr::null_mut()) };
        })?;

        // The driver data own the reference from now on.
        core::mem::forget(self);
        Ok(())
    }
}

impl<T: Operations> Drop for NewDevice<T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants.
        unsafe { Header::<T::Base>::free(self.0.as_ptr().cast()) };
    }
}
