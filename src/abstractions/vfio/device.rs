// SPDX-License-Identifier: GPL-2.0

//! VFIO devices: allocation, reference counts, and the contexts they are used in.

use super::{
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
    mem::MaybeUninit,
    ptr::NonNull, //
};
use kernel::{
    device,
    error::from_err_ptr,
    prelude::*,
    sync::aref::{
        ARef,
        AlwaysRefCounted, //
    },
    types::Opaque, //
};

mod private {
    pub(crate) trait Sealed {}
}

/// What the VFIO core guarantees while a reference to a [`Device`] exists.
pub(crate) trait Context: private::Sealed {}

/// Nothing beyond the existence of the device and its data.
pub(crate) struct Normal;

/// The device is registered, or just about to be, and its parent is bound to the driver.
pub(crate) struct Registered;

/// As [`Registered`], and a user has the device open: `open_device` has succeeded and
/// `close_device` has not returned yet.
pub(crate) struct Opened;

impl private::Sealed for Normal {}
impl private::Sealed for Registered {}
impl private::Sealed for Opened {}
impl Context for Normal {}
impl Context for Registered {}
impl Context for Opened {}

/// A VFIO device with the driver's data in the same allocation.
///
/// # Invariants
///
/// - The allocation was made by `_vfio_alloc_device`; `base` begins with its `struct vfio_device`.
/// - If `installed`, `data` is initialised, and pinned. It is, for whoever has a reference.
/// - What the context `Ctx` stands for holds as long as the reference lives.
#[repr(C)]
pub(crate) struct Device<T: Operations, Ctx: Context = Normal> {
    base: Opaque<T::Base>,
    installed: bool,
    data: MaybeUninit<T>,
    _ctx: PhantomData<Ctx>,
}

// SAFETY: A VFIO device can be used and released from any thread, and so can `T`.
unsafe impl<T: Operations, Ctx: Context> Send for Device<T, Ctx> {}

// SAFETY: Through a shared reference, only `&T` and thread-safe C functions can be reached.
unsafe impl<T: Operations, Ctx: Context> Sync for Device<T, Ctx> {}

impl<T: Operations> Device<T> {
    /// Allocates a device for `parent` and installs `data` in it.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, `ENOSPC`, and those of the base's `init` callback and of `data`.
    pub(crate) fn new<E>(
        parent: &device::Device<device::Bound>,
        data: impl PinInit<T, E>,
    ) -> Result<ARef<Self>>
    where
        Error: From<E>,
    {
        const {
            // The memory is the page or slab allocator's, which guarantee no more.
            assert!(core::mem::align_of::<Self>() <= 8);
        }

        let parent = core::ptr::from_ref(parent).cast_mut().cast();

        // SAFETY: `parent` is a valid device. The size is that of a structure which begins with a
        // `struct vfio_device`, by the safety requirements of `Base`. The callbacks are those of
        // `Self`, and live forever.
        let vdev = from_err_ptr(unsafe {
            bindings::_vfio_alloc_device(core::mem::size_of::<Self>(), parent, Vtable::<T>::OPS)
        })?;
        let this = vdev.cast::<Self>();

        // SAFETY: `vdev` points to a zeroed allocation of the size of `Self`, the base of which is
        // initialised: a valid `Self` with `installed` being false. There is no reference to it
        // yet but the one that is taken over here; on errors, dropping it releases the memory.
        let device = unsafe { ARef::from_raw(NonNull::new_unchecked(this)) };

        // SAFETY: Nobody else knows the device yet. `data` is part of a heap allocation that never
        // moves. If the initialiser fails, `installed` remains false.
        unsafe { compat::pinned_init(data, (&raw mut (*this).data).cast::<T>()) }?;

        // INVARIANT: `data` was initialised above.
        // SAFETY: Nobody else knows the device yet.
        unsafe { (*this).installed = true };

        Ok(device)
    }
}

impl<T: Operations, Ctx: Context> Device<T, Ctx> {
    /// Returns the device as the C type that it is built on.
    pub(crate) fn as_base(&self) -> *mut T::Base {
        self.base.get()
    }

    /// Returns the device as the VFIO core knows it.
    pub(crate) fn as_raw(&self) -> *mut bindings::vfio_device {
        // The base begins with it, by the safety requirements of `Base`.
        self.base.get().cast()
    }

    /// Returns the driver's data.
    pub(crate) fn data(&self) -> Pin<&T> {
        // SAFETY: By the type invariants, `data` is initialised and pinned.
        unsafe { Pin::new_unchecked(self.data.assume_init_ref()) }
    }

    /// Changes the context.
    ///
    /// # Safety
    ///
    /// What `New` stands for must hold for the lifetime of the result.
    pub(super) unsafe fn in_context<New: Context>(&self) -> &Device<T, New> {
        // SAFETY: Contexts have no representation; the caller vouches for the new one.
        unsafe { &*core::ptr::from_ref(self).cast::<Device<T, New>>() }
    }

    /// Converts a pointer that the VFIO core passes to a callback.
    ///
    /// # Safety
    ///
    /// `vdev` must be the device of a `Device<T>` whose data are installed, and what `Ctx` stands
    /// for must hold for the lifetime `'a`.
    pub(super) unsafe fn from_raw<'a>(vdev: *mut bindings::vfio_device) -> &'a Self {
        // SAFETY: `struct vfio_device` is at offset 0; the rest is the caller's promise.
        unsafe { &*vdev.cast::<Self>() }
    }

    /// The last callback: drops the driver's data. `vdev` is the device of a `Device<T>` without
    /// references.
    pub(super) extern "C" fn release_callback(vdev: *mut bindings::vfio_device) {
        let this = vdev.cast::<Self>();

        // SAFETY: There are no other references. The allocation is still there, and zeroed or
        // initialised, as the type invariants say.
        unsafe {
            if (*this).installed {
                (*this).installed = false;
                (*this).data.assume_init_drop();
            }
        }

        if let Some(release) = T::Base::OPS.release {
            // SAFETY: It is the base's own callback, for a device that is embedded in it.
            unsafe { release(vdev) };
        }
    }
}

impl<T: Operations> Device<T, Registered> {
    /// Returns the device that this VFIO device stands for.
    pub(crate) fn parent(&self) -> &device::Device<device::Bound> {
        // SAFETY: `dev` was set at the allocation and does not change. By the invariant of the
        // context, the parent exists and is bound as long as `self` lives.
        let parent: &device::Device = unsafe { device::Device::from_raw((*self.as_raw()).dev) };

        // SAFETY: By the invariant of the context, it is bound.
        unsafe { parent.as_bound() }
    }
}

impl<T: Operations> core::ops::Deref for Device<T, Opened> {
    type Target = Device<T, Registered>;

    fn deref(&self) -> &Self::Target {
        // SAFETY: A device that is open is registered.
        unsafe { self.in_context() }
    }
}

impl<T: Operations> core::ops::Deref for Device<T, Registered> {
    type Target = Device<T>;

    fn deref(&self) -> &Self::Target {
        // SAFETY: `Normal` stands for nothing that any reference does not guarantee.
        unsafe { self.in_context() }
    }
}

// SAFETY: The count is that of the embedded `struct device`, the release function of which frees
// the allocation.
unsafe impl<T: Operations> AlwaysRefCounted for Device<T> {
    fn inc_ref(&self) {
        // SAFETY: `self` is a reference to a device whose count is not zero.
        unsafe { bindings::get_device(&raw mut (*self.as_raw()).device) };
    }

    unsafe fn dec_ref(obj: NonNull<Self>) {
        let vdev = obj.as_ptr().cast::<bindings::vfio_device>();

        // SAFETY: By the safety requirements, the caller owns a reference that it gives up.
        unsafe { bindings::put_device(&raw mut (*vdev).device) };
    }
}
