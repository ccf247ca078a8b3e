// SPDX-License-Identifier: GPL-2.0

//! VFIO devices: allocation, registration, and the contexts they are used in.

use super::{
    door::Door,
    ops::Vtable,
    Base,
    Operations, //
};
use crate::{
    abstractions::compat,
    bindings, //
};
use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    device,
    error::from_err_ptr,
    prelude::*,
    sync::Arc,
    types::Opaque, //
};

mod private {
    pub(crate) trait Sealed {}
}

/// A guarantee of the VFIO core for as long as a reference to a [`Device`] exists.
pub(crate) trait Context: private::Sealed {}

/// The device is registered, or just about to be, and its parent is bound to the driver.
pub(crate) struct Registered;

/// As [`Registered`], and a user has the device open: `open_device` has succeeded and
/// `close_device` has not returned yet.
pub(crate) struct Opened;

impl private::Sealed for Registered {}
impl private::Sealed for Opened {}
impl Context for Registered {}
impl Context for Opened {}

/// The part of a [`Device`] that does not depend on the driver's data.
#[repr(C)]
pub(super) struct Header<B> {
    base: B,
    /// The device's own callbacks. Who holds a last reference to the device, even after this module
    /// is gone, needs them for `release`, which is not in this module.
    ops: bindings::vfio_device_ops,
    door: Arc<Door>,
    /// Drops all but `base` and `ops`.
    drop_data: unsafe fn(*mut Self),
}

impl<B: Base> Header<B> {
    /// Undoes [`NewDevice::register`]: takes the device of `parent` away from userspace, and waits
    /// until the last user has closed it.
    ///
    /// # Safety
    ///
    /// `parent` must be being unbound, and have been registered with this base.
    pub(super) unsafe fn unregister(parent: &device::Device<device::Core<'_>>) {
        let parent = core::ptr::from_ref(parent).cast_mut().cast();

        // SAFETY: By the safety requirements, the driver data are those of `register`: a device that
        // is registered, and whose reference they own. Once it is not registered any more, nothing
        // but the base is used by those who have a reference.
        unsafe {
            let this = bindings::dev_get_drvdata(parent).cast::<Self>();

            B::unregister(this.cast());
            bindings::dev_set_drvdata(parent, core::ptr::null_mut());
            Self::free(this);
        }
    }

    /// Drops the driver's data, and gives up the reference to the device.
    ///
    /// # Safety
    ///
    /// `this` must be complete and not registered; it must not be used afterwards.
    unsafe fn free(this: *mut Self) {
        // SAFETY: By the safety requirements. `base` begins with the `struct vfio_device`.
        unsafe {
            (*this).door.detach();
            ((*this).drop_data)(this);
            put(this.cast());
        }
    }
}

/// Gives up a reference to a device.
///
/// # Safety
///
/// The caller must own one.
unsafe fn put(vdev: *mut bindings::vfio_device) {
    // SAFETY: By the safety requirements.
    unsafe { bindings::put_device(&raw mut (*vdev).device) };
}

/// A VFIO device with the driver's data in the same allocation.
///
/// # Invariants
///
/// - The allocation was made by `_vfio_alloc_device`; `header` begins with its `struct vfio_device`.
/// - `data` is pinned.
/// - What the context `Ctx` stands for holds as long as the reference lives.
#[repr(C)]
pub(crate) struct Device<T: Operations, Ctx: Context = Registered> {
    header: Opaque<Header<T::Base>>,
    data: T,
    _ctx: PhantomData<Ctx>,
}

// SAFETY: A VFIO device can be used from any thread, and so can `T`.
unsafe impl<T: Operations, Ctx: Context> Send for Device<T, Ctx> {}

// SAFETY: Through a shared reference, only `&T` and thread-safe C functions can be reached.
unsafe impl<T: Operations, Ctx: Context> Sync for Device<T, Ctx> {}

impl<T: Operations, Ctx: Context> Device<T, Ctx> {
    /// Returns the device as the C type that it is built on.
    pub(super) fn as_base(&self) -> *mut T::Base {
        self.header.get().cast()
    }

    /// Returns the device as the VFIO core knows it.
    pub(super) fn as_raw(&self) -> *mut bindings::vfio_device {
        // The base begins with it, by the safety requirements of `Base`.
        self.header.get().cast()
    }

    /// Returns the driver's data.
    pub(crate) fn data(&self) -> Pin<&T> {
        // SAFETY: By the type invariants, `data` is pinned.
        unsafe { Pin::new_unchecked(&self.data) }
    }

    /// Returns the device that this VFIO device stands for.
    pub(crate) fn parent(&self) -> &device::Device<device::Bound> {
        // SAFETY: `dev` was set at the allocation and does not change. In every context, the parent
        // exists and is bound as long as `self` lives. `device::Device` is a transparent wrapper.
        unsafe { &*(*self.as_raw()).dev.cast() }
    }

    /// Returns the door that users pass when they open the device.
    pub(super) fn door(&self) -> &Door {
        // SAFETY: The header is complete, and its door does not change.
        unsafe { &(*self.header.get()).door }
    }

    /// Converts a pointer that the VFIO core passes to a callback.
    ///
    /// # Safety
    ///
    /// `vdev` must be the device of a `Device<T>`, and what `Ctx` stands for must hold for the
    /// lifetime `'a`.
    pub(super) unsafe fn from_raw<'a>(vdev: *mut bindings::vfio_device) -> &'a Self {
        // SAFETY: `struct vfio_device` is at offset 0; the rest is the caller's promise.
        unsafe { &*vdev.cast::<Self>() }
    }

    /// Drops the door and the driver's data.
    ///
    /// # Safety
    ///
    /// `this` must be the header of a `Device<T>` that nobody else uses.
    unsafe fn drop_data(this: *mut Header<T::Base>) {
        // SAFETY: By the safety requirements; both are initialised.
        unsafe {
            core::ptr::drop_in_place(&raw mut (*this).door);
            core::ptr::drop_in_place(&raw mut (*this.cast::<Self>()).data);
        }
    }
}

impl<T: Operations> core::ops::Deref for Device<T, Opened> {
    type Target = Device<T, Registered>;

    fn deref(&self) -> &Self::Target {
        // SAFETY: Contexts have no representation, and a device that is open is registered.
        unsafe { &*core::ptr::from_ref(self).cast() }
    }
}

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
