// SPDX-License-Identifier: GPL-2.0

//! Abstractions for VFIO device drivers.
//!
//! A driver implements [`Operations`] for its per-device data, allocates a [`Device`] with
//! [`Device::new`] and registers it with [`Registration::new`]:
//!
//! - The allocation begins with a C structure that embeds `struct vfio_device` at offset 0, the
//!   [`Base`]: `struct vfio_device` itself or, for instance, `struct vfio_pci_core_device`. The
//!   driver's data follow it. They are installed before anybody can reach the device, and live as
//!   long as the last reference to it.
//! - The table of C callbacks is the base's own, in which each callback that the driver implements
//!   replaces the base's. What neither has is NULL, so that the VFIO core's defaults apply.
//! - What may be done with a device depends on its [`Context`], a type parameter: callbacks receive
//!   the device in the context that the VFIO core guarantees for their duration.
//!
//! C header: [`include/linux/vfio.h`](srctree/include/linux/vfio.h)

mod base;
mod device;
mod info;
mod ioctl;
mod mmap;
mod ops;
pub(super) mod parent;
#[cfg(CONFIG_VFIO_PCI_CORE)]
pub(crate) mod pci;
mod prefault;
mod registration;
pub(crate) mod virqfd;

pub(crate) use self::{
    base::Base,
    device::{
        Device,
        Opened,
        Registered, //
    },
    info::{
        InfoCaps,
        RegionInfo, //
    },
    ioctl::{
        DeviceInfo,
        Ioctls,
        IrqAction,
        IrqData,
        IrqInfo,
        IrqSet, //
    },
    mmap::{
        Fault,
        FaultHandler, //
    },
    ops::Operations,
    prefault::Prefault,
    registration::Registration, //
};
