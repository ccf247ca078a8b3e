// SPDX-License-Identifier: GPL-2.0

//! VFIO devices: the contexts they are used in, and a driver's callbacks for their users.

use super::{
    door::Door,
    Base,
    InfoCaps,
    RegionInfo, //
};
use crate::bindings;
use core::marker::PhantomData;
use kernel::{
    device,
    error::VTABLE_DEFAULT_ERROR,
    mm::virt::VmaNew,
    prelude::*,
    sync::Arc,
    types::Opaque,
    uaccess::UserPtr, //
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

/// The callbacks of a driver for the users of its device; implemented for the driver's per-device data.
///
/// A callback that is not implemented is the one in [`Base::OPS`], or NULL.
#[vtable]
pub(crate) trait Operations: Sized + Send + Sync + 'static {
    /// The C structure that the device is built on.
    type Base: Base;

    /// The first user opens the device. The VFIO core calls this and
    /// [`close_device`](Self::close_device) in turn, never at the same time.
    fn open_device(_device: &Device<Self, Registered>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The last user has closed the device.
    fn close_device(_device: &Device<Self, Opened>) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// An ioctl that the VFIO core does not answer itself. `arg` is what the user passed.
    fn ioctl(_device: &Device<Self, Opened>, _cmd: u32, _arg: usize) -> Result<usize> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Answers `VFIO_DEVICE_GET_REGION_INFO`.
    fn get_region_info_caps(
        _device: &Device<Self, Opened>,
        _info: &mut RegionInfo,
        _caps: &mut InfoCaps,
    ) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Copies up to `count` bytes from position `pos` of the device's file to the user's `buf`, and
    /// returns how many.
    fn read(
        _device: &Device<Self, Opened>,
        _buf: UserPtr,
        _count: usize,
        _pos: &mut i64,
    ) -> Result<usize> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Copies up to `count` bytes from the user's `buf` to position `pos` of the device's file, and
    /// returns how many.
    fn write(
        _device: &Device<Self, Opened>,
        _buf: UserPtr,
        _count: usize,
        _pos: &mut i64,
    ) -> Result<usize> {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Maps a part of the device's file.
    fn mmap(_device: &Device<Self, Opened>, _vma: &VmaNew) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// The device is being unregistered, and a user still has it open. Called at once, and again every
    /// ten seconds; `count` is the number of earlier calls. Nobody can open the device any more.
    fn request(_device: &Device<Self, Registered>, _count: u32) {
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

/// The part of a [`Device`] that does not depend on the driver's data.
#[repr(C)]
pub(super) struct Header<B> {
    pub(super) base: B,
    /// The device's own callbacks. Who holds a last reference to the device, even after this module
    /// is gone, needs them for `release`, which is not in this module.
    pub(super) ops: bindings::vfio_device_ops,
    pub(super) door: Arc<Door>,
    /// Drops all but `base` and `ops`.
    pub(super) drop_data: unsafe fn(*mut Self),
}

impl<B: Base> Header<B> {
    /// Undoes [`NewDevice::register`](super::NewDevice::register): takes the device of `parent` away from userspace, and waits
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
    pub(super) unsafe fn free(this: *mut Self) {
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
pub(super) unsafe fn put(vdev: *mut bindings::vfio_device) {
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
    pub(super) data: T,
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
    pub(super) unsafe fn drop_data(this: *mut Header<T::Base>) {
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
