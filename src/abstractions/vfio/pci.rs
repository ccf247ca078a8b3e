// SPDX-License-Identifier: GPL-2.0

//! VFIO PCI drivers on top of `vfio-pci-core`.
//!
//! A driver implements [`Driver`], and is registered by its [`Adapter`]. For a device that it wants, it
//! calls [`Probe::register`] with the data of a [`Variant`]: what the driver does about this device
//! beyond what `vfio-pci-core` does for every one. [`NoVariant`] adds nothing.
//!
//! # Driver data
//!
//! `vfio-pci-core` demands that the driver data of the PCI device are its own structure, from before
//! it registers the VFIO device until after it has unregistered it, and its error handlers use them
//! as such at any time. They are: a VFIO device begins with its base, and is the driver data of its
//! parent as long as it is registered.
//!
//! # Name
//!
//! Virtual functions that appear while a user has the physical function get the *VFIO* driver's name
//! as their override. That is the name of the PCI driver which the device is bound to, so that virtual
//! functions always come to the driver that has the physical one.
//!
//! C header: [`include/linux/vfio_pci_core.h`](srctree/include/linux/vfio_pci_core.h)

mod driver;
mod function;
mod id;
mod quiesce;
mod region;

pub(crate) use self::{
    driver::{
        Adapter,
        Driver,
        Options,
        Probe, //
    },
    function::{
        Enabled,
        NoVariant,
        Opening,
        Variant, //
    },
    id::{
        device_table,
        DeviceId,
        IdTable,
        Ids, //
    },
    quiesce::Bar,
    region::{
        vendor_type,
        Region, //
    },
};

use super::{
    base::PHYSICAL_OPS,
    Base, //
};
use crate::bindings;
use kernel::{
    error::to_result,
    prelude::*, //
};

#[cfg(CONFIG_VFIO_PCI_DMABUF)]
static DEVICE_OPS: bindings::vfio_pci_device_ops = bindings::vfio_pci_device_ops {
    get_dmabuf_phys: Some(bindings::vfio_pci_core_get_dmabuf_phys),
};

extern "C" fn init(vdev: *mut bindings::vfio_device) -> c_int {
    #[cfg(CONFIG_VFIO_PCI_DMABUF)]
    // SAFETY: The VFIO core passes the device that it just allocated, which begins with the base.
    unsafe {
        (*vdev.cast::<bindings::vfio_pci_core_device>()).pci_ops = &raw const DEVICE_OPS;
    }

    // SAFETY: As above.
    unsafe { bindings::vfio_pci_core_init_dev(vdev) }
}

extern "C" fn open_device(vdev: *mut bindings::vfio_device) -> c_int {
    let core = vdev.cast::<bindings::vfio_pci_core_device>();

    // SAFETY: The VFIO core calls this for a registered device that nobody has open, and holds the
    // lock of the device's set.
    let ret = unsafe { bindings::vfio_pci_core_enable(core) };
    if ret == 0 {
        // SAFETY: As above; the device was enabled.
        unsafe { bindings::vfio_pci_core_finish_enable(core) };
    }

    ret
}

// SAFETY: `struct vfio_pci_core_device` begins with a `struct vfio_device`. All callbacks are those
// of `vfio-pci-core`, which are meant for just this, or call them in the order that it demands. When
// `vfio_pci_core_unregister_device` returns, the VFIO core's unregistration has.
unsafe impl Base for bindings::vfio_pci_core_device {
    const OPS: bindings::vfio_device_ops = bindings::vfio_device_ops {
        init: Some(init),
        release: Some(bindings::vfio_pci_core_release_dev),
        open_device: Some(open_device),
        close_device: Some(bindings::vfio_pci_core_close_device),
        ioctl: Some(bindings::vfio_pci_core_ioctl),
        get_region_info_caps: Some(bindings::vfio_pci_ioctl_get_region_info),
        device_feature: Some(bindings::vfio_pci_core_ioctl_feature),
        read: Some(bindings::vfio_pci_core_read),
        write: Some(bindings::vfio_pci_core_write),
        mmap: Some(bindings::vfio_pci_core_mmap),
        request: Some(bindings::vfio_pci_core_request),
        match_: Some(bindings::vfio_pci_core_match),
        match_token_uuid: Some(bindings::vfio_pci_core_match_token_uuid),
        #[cfg(CONFIG_IOMMUFD)]
        pasid_attach_ioas: Some(bindings::vfio_iommufd_physical_pasid_attach_ioas),
        #[cfg(CONFIG_IOMMUFD)]
        pasid_detach_ioas: Some(bindings::vfio_iommufd_physical_pasid_detach_ioas),
        ..PHYSICAL_OPS
    };

    unsafe fn register(this: *mut Self) -> Result {
        // SAFETY: By the safety requirements, `this` is initialised and not registered, and the
        // driver data of its parent.
        to_result(unsafe { bindings::vfio_pci_core_register_device(this) })
    }

    unsafe fn unregister(this: *mut Self) {
        // SAFETY: By the safety requirements, `this` is registered, and the parent is bound.
        unsafe { bindings::vfio_pci_core_unregister_device(this) };
    }
}
