// SPDX-License-Identifier: GPL-2.0

//! VFIO PCI drivers on top of `vfio-pci-core`.
//!
//! A driver implements [`Driver`], and is registered as an
//! [`abstractions::pci::Driver`](crate::abstractions::pci::Driver) by its [`Adapter`]. For a device
//! that it wants, it calls [`Probe::register`] with the data of a [`Variant`]: what the driver does
//! about this device beyond what `vfio-pci-core` does for every one. [`NoVariant`] adds nothing; its
//! devices' callbacks are the C functions themselves.
//!
//! # Driver data
//!
//! `vfio-pci-core` demands that the driver data of the PCI device are its own structure, from before
//! it registers the VFIO device until after it has unregistered it, and its error handlers use them
//! as such at any time. So nobody but this module touches them: they are set by
//! [`Base::register`] and NULL again after [`Base::unregister`] or any failure. The driver data stand
//! for one reference to the VFIO device while they are set.
//!
//! # Name
//!
//! Virtual functions that appear while a user has the physical function get the *VFIO* driver's name
//! as their override. It is set to that of the PCI driver which the device is bound to, so that
//! virtual functions always come to the driver that has the physical one.
//!
//! C header: [`include/linux/vfio_pci_core.h`](srctree/include/linux/vfio_pci_core.h)

mod driver;
mod function;
mod quiesce;
mod region;
mod variant;

pub(crate) use self::{
    driver::{
        Adapter,
        Driver,
        Options,
        Probe, //
    },
    function::{
        Enabled,
        Opening, //
    },
    quiesce::Bar,
    region::Region,
    variant::{
        NoVariant,
        Variant, //
    },
};

use super::Base;
use crate::bindings;
use kernel::{
    error::to_result,
    prelude::*, //
};

/// The device of `vfio-pci-core`, and the callbacks that it is used through.
///
/// The callbacks are the device's own copy because of their name, which is known only once the
/// device is bound.
#[repr(C)]
pub(crate) struct CoreDevice {
    core: bindings::vfio_pci_core_device,
    ops: bindings::vfio_device_ops,
}

#[cfg(CONFIG_VFIO_PCI_DMABUF)]
static DEVICE_OPS: bindings::vfio_pci_device_ops = bindings::vfio_pci_device_ops {
    get_dmabuf_phys: Some(bindings::vfio_pci_core_get_dmabuf_phys),
};

impl CoreDevice {
    const CORE_OPS: bindings::vfio_device_ops = bindings::vfio_device_ops {
        init: Some(Self::init),
        release: Some(bindings::vfio_pci_core_release_dev),
        open_device: Some(Self::open_device),
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
        ..pin_init::zeroed()
    };

    extern "C" fn init(vdev: *mut bindings::vfio_device) -> c_int {
        #[cfg(CONFIG_VFIO_PCI_DMABUF)]
        // SAFETY: The VFIO core passes the device that it just allocated, of the size of a `Self`.
        unsafe {
            (*vdev.cast::<Self>()).core.pci_ops = &raw const DEVICE_OPS;
        }

        // SAFETY: As above.
        unsafe { bindings::vfio_pci_core_init_dev(vdev) }
    }

    extern "C" fn open_device(vdev: *mut bindings::vfio_device) -> c_int {
        let core = vdev.cast::<bindings::vfio_pci_core_device>();

        // SAFETY: The VFIO core calls this for a registered device that nobody has open, and holds
        // the lock of the device's set.
        let ret = unsafe { bindings::vfio_pci_core_enable(core) };
        if ret == 0 {
            // SAFETY: As above; the device was enabled.
            unsafe { bindings::vfio_pci_core_finish_enable(core) };
        }

        ret
    }
}

// SAFETY: `struct vfio_pci_core_device` begins with a `struct vfio_device`. All callbacks are those
// of `vfio-pci-core`, which are meant for just this, or call them in the order that it demands. When
// `vfio_pci_core_unregister_device` returns, the VFIO core's unregistration has.
unsafe impl Base for CoreDevice {
    #[cfg(CONFIG_IOMMUFD)]
    const OPS: bindings::vfio_device_ops = bindings::vfio_device_ops {
        bind_iommufd: Some(bindings::vfio_iommufd_physical_bind),
        unbind_iommufd: Some(bindings::vfio_iommufd_physical_unbind),
        attach_ioas: Some(bindings::vfio_iommufd_physical_attach_ioas),
        detach_ioas: Some(bindings::vfio_iommufd_physical_detach_ioas),
        pasid_attach_ioas: Some(bindings::vfio_iommufd_physical_pasid_attach_ioas),
        pasid_detach_ioas: Some(bindings::vfio_iommufd_physical_pasid_detach_ioas),
        ..Self::CORE_OPS
    };

    #[cfg(not(CONFIG_IOMMUFD))]
    const OPS: bindings::vfio_device_ops = Self::CORE_OPS;

    unsafe fn register(this: *mut Self) -> Result {
        // SAFETY: By the safety requirements, `this` is initialised, nobody else uses it, and its
        // parent is bound to a driver, whose name lives as long as the device is bound. The pointers
        // to the name and to `ops` are last used when the device is unregistered and released.
        let dev = unsafe {
            let vdev = &raw mut (*this).core.vdev;
            let dev = (*vdev).dev;

            (*this).ops = *(*vdev).ops;
            (*this).ops.name = (*(*dev).driver).name.cast_mut();
            (*vdev).ops = &raw const (*this).ops;
            dev
        };

        // SAFETY: `dev` is being probed by a driver that leaves the driver data to this module.
        unsafe { bindings::dev_set_drvdata(dev, this.cast()) };

        // SAFETY: By the safety requirements, `this` is initialised and not registered.
        to_result(unsafe { bindings::vfio_pci_core_register_device(this.cast()) }).inspect_err(
            // SAFETY: As above; the device was not registered.
            |_| unsafe { bindings::dev_set_drvdata(dev, core::ptr::null_mut()) },
        )
    }

    unsafe fn unregister(this: *mut Self) {
        // SAFETY: By the safety requirements, `this` is registered, and the parent is bound.
        unsafe {
            let dev = (*this).core.vdev.dev;

            bindings::vfio_pci_core_unregister_device(this.cast());
            bindings::dev_set_drvdata(dev, core::ptr::null_mut());
        }
    }
}
