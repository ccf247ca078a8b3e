// SPDX-License-Identifier: GPL-2.0

//! The C callbacks of a VFIO device.

use super::{
    Base,
    Device,
    InfoCaps,
    Opened,
    Operations,
    RegionInfo,
    Registered, //
};
use crate::bindings;
use core::marker::PhantomData;
use kernel::{
    error::{
        from_result,
        to_result, //
    },
    mm::virt::VmaNew,
    prelude::*,
    uaccess::UserPtr, //
};

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
