// SPDX-License-Identifier: GPL-2.0

//! The C structures that a VFIO device can be built on.

use crate::bindings;
use kernel::{
    error::to_result,
    prelude::*, //
};

/// A C structure that embeds a `struct vfio_device`, and the code that comes with it.
///
/// # Safety
///
/// - The implementing type is a C structure, valid when all its bytes are zero, whose member at
///   offset 0 is a `struct vfio_device`, or `struct vfio_device` itself.
/// - The callbacks in [`Base::OPS`] are sound for every device that is embedded in a `Self` and was
///   registered by [`Base::register`]. `release` is not in this module.
/// - After [`Base::unregister`] returns, no callback but `release` runs or is called any more, and
///   no user has the device open.
pub(crate) unsafe trait Base: Sized + 'static {
    /// The callbacks that a driver has if it implements nothing.
    const OPS: bindings::vfio_device_ops;

    /// Makes the device known to userspace.
    ///
    /// # Safety
    ///
    /// `this` must have been allocated and initialised by `_vfio_alloc_device`, must not be
    /// registered, and must be the driver data of its parent, which is being probed.
    unsafe fn register(this: *mut Self) -> Result;

    /// Undoes [`Base::register`]; waits until no user has the device open.
    ///
    /// # Safety
    ///
    /// `this` must be registered, and its parent device still be bound to the calling driver.
    unsafe fn unregister(this: *mut Self);
}

/// The base of a device that stands on the VFIO core alone.
pub(crate) type PlainDevice = bindings::vfio_device;

/// The callbacks of every device behind an IOMMU.
#[cfg(CONFIG_IOMMUFD)]
pub(super) const PHYSICAL_OPS: bindings::vfio_device_ops = bindings::vfio_device_ops {
    bind_iommufd: Some(bindings::vfio_iommufd_physical_bind),
    unbind_iommufd: Some(bindings::vfio_iommufd_physical_unbind),
    attach_ioas: Some(bindings::vfio_iommufd_physical_attach_ioas),
    detach_ioas: Some(bindings::vfio_iommufd_physical_detach_ioas),
    ..pin_init::zeroed()
};

/// The callbacks of every device behind an IOMMU.
#[cfg(not(CONFIG_IOMMUFD))]
pub(super) const PHYSICAL_OPS: bindings::vfio_device_ops = pin_init::zeroed();

// SAFETY: The type is `struct vfio_device`. The callbacks are the VFIO core's own.
// `vfio_unregister_group_dev` waits until the last file is closed.
unsafe impl Base for PlainDevice {
    const OPS: bindings::vfio_device_ops = PHYSICAL_OPS;

    unsafe fn register(this: *mut Self) -> Result {
        // SAFETY: By the safety requirements, `this` is initialised and not registered.
        to_result(unsafe { bindings::vfio_register_group_dev(this) })
    }

    unsafe fn unregister(this: *mut Self) {
        // SAFETY: By the safety requirements, `this` is registered.
        unsafe { bindings::vfio_unregister_group_dev(this) };
    }
}
