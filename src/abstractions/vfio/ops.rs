// SPDX-License-Identifier: GPL-2.0

//! The callbacks of a VFIO device.

use super::{
    Base,
    Device,
    InfoCaps,
    Opened,
    RegionInfo,
    Registered, //
};
use crate::bindings;
use core::marker::PhantomData;
use kernel::{
    error::{
        from_result,
        to_result,
        VTABLE_DEFAULT_ERROR, //
    },
    mm::virt::VmaNew,
    prelude::*,
    uaccess::UserPtr, //
};

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

/// The C callbacks that call the [`Operations`] of `T`.
///
/// For all of them, the VFIO core guarantees that `vdev` is the device they were registered with,
/// that is, a `Device<T>`. It is complete: only `init` and `release`, which are not among them, are
/// called for a device that was never registered.
pub(super) struct Vtable<T: Operations>(PhantomData<T>);

impl<T: Operations> Vtable<T> {
    /// The table.
    pub(super) const OPS: &'static bindings::vfio_device_ops = &Self::ops();

    const fn ops() -> bindings::vfio_device_ops {
        let mut ops = T::Base::OPS;

        ops.open_device = Some(Self::open_device);
        ops.close_device = Some(Self::close_device);
        if T::HAS_IOCTL {
            ops.ioctl = Some(Self::ioctl);
        }
        if T::HAS_GET_REGION_INFO_CAPS {
            ops.get_region_info_caps = Some(Self::get_region_info_caps);
        }
        if T::HAS_READ {
            ops.read = Some(Self::read);
        }
        if T::HAS_WRITE {
            ops.write = Some(Self::write);
        }
        if T::HAS_MMAP {
            ops.mmap = Some(Self::mmap);
        }
        if T::HAS_REQUEST {
            ops.request = Some(Self::request);
        }

        ops
    }

    extern "C" fn open_device(vdev: *mut bindings::vfio_device) -> c_int {
        // SAFETY: A device that is opened is registered, and stays so until it is closed.
        let device: &Device<T, Registered> = unsafe { Device::from_raw(vdev) };

        from_result(|| {
            device.door().enter()?;
            Self::open(device).inspect_err(|_| device.door().leave())?;

            Ok(0)
        })
    }

    fn open(device: &Device<T, Registered>) -> Result {
        if T::HAS_OPEN_DEVICE {
            return T::open_device(device);
        }

        match T::Base::OPS.open_device {
            // SAFETY: It is the base's own callback, in the place of which it is called.
            Some(open) => to_result(unsafe { open(device.as_raw()) }),
            None => Ok(()),
        }
    }

    extern "C" fn close_device(vdev: *mut bindings::vfio_device) {
        // SAFETY: The VFIO core closes what it has opened.
        let device: &Device<T, Opened> = unsafe { Device::from_raw(vdev) };

        if T::HAS_CLOSE_DEVICE {
            T::close_device(device);
        } else if let Some(close) = T::Base::OPS.close_device {
            // SAFETY: It is the base's own callback, in the place of which it is called.
            unsafe { close(vdev) };
        }
        device.door().leave();
    }

    extern "C" fn ioctl(vdev: *mut bindings::vfio_device, cmd: c_uint, arg: c_ulong) -> c_long {
        // SAFETY: The caller has the device open.
        let device = unsafe { Device::from_raw(vdev) };

        value_or_errno(T::ioctl(device, cmd, arg))
    }

    extern "C" fn get_region_info_caps(
        vdev: *mut bindings::vfio_device,
        info: *mut bindings::vfio_region_info,
        caps: *mut bindings::vfio_info_cap,
    ) -> c_int {
        // SAFETY: The caller has the device open, and owns `info` and `caps`.
        let (device, info, caps) = unsafe {
            (
                Device::from_raw(vdev),
                RegionInfo::from_raw(info),
                InfoCaps::from_raw(caps),
            )
        };

        from_result(|| T::get_region_info_caps(device, info, caps).map(|()| 0))
    }

    extern "C" fn read(
        vdev: *mut bindings::vfio_device,
        buf: *mut c_char,
        count: usize,
        ppos: *mut bindings::loff_t,
    ) -> isize {
        // SAFETY: The caller has the device open, and owns `ppos`.
        let (device, pos) = unsafe { (Device::from_raw(vdev), &mut *ppos) };

        value_or_errno(T::read(device, UserPtr::from_ptr(buf.cast()), count, pos))
    }

    extern "C" fn write(
        vdev: *mut bindings::vfio_device,
        buf: *const c_char,
        count: usize,
        ppos: *mut bindings::loff_t,
    ) -> isize {
        // SAFETY: The caller has the device open, and owns `ppos`.
        let (device, pos) = unsafe { (Device::from_raw(vdev), &mut *ppos) };
        let buf = UserPtr::from_ptr(buf.cast_mut().cast());

        value_or_errno(T::write(device, buf, count, pos))
    }

    extern "C" fn mmap(
        vdev: *mut bindings::vfio_device,
        vma: *mut bindings::vm_area_struct,
    ) -> c_int {
        // SAFETY: The caller has the device open.
        let device = unsafe { Device::from_raw(vdev) };
        // SAFETY: `vma` is being set up by the caller, which holds the mmap write lock.
        let vma = unsafe { VmaNew::from_raw(vma) };

        from_result(|| T::mmap(device, vma).map(|()| 0))
    }

    extern "C" fn request(vdev: *mut bindings::vfio_device, count: c_uint) {
        // SAFETY: The device is being unregistered by its driver: the parent is still bound.
        let device = unsafe { Device::from_raw(vdev) };

        T::request(device, count);
    }
}

fn value_or_errno(result: Result<usize>) -> isize {
    match result.map(isize::try_from) {
        Ok(Ok(value)) => value,
        // No answer is as large, and no count of bytes.
        Ok(Err(_)) => EINVAL.to_errno() as isize,
        Err(e) => e.to_errno() as isize,
    }
}
