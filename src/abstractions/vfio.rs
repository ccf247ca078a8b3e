// SPDX-License-Identifier: GPL-2.0

//! Abstractions for VFIO device drivers.
//!
//! A driver implements [`Operations`] for its per-device data, allocates a [`NewDevice`] in its probe,
//! and has it registered until the parent device is unbound:
//!
//! - The allocation begins with a C structure that embeds `struct vfio_device` at offset 0, the
//!   [`Base`]: `struct vfio_device` itself or `struct vfio_pci_core_device`. The driver's data follow
//!   it. They are installed before anybody can reach the device, and dropped when it is unregistered;
//!   who still has a reference to the device then has one to the base.
//! - The table of C callbacks is the base's own, in which each callback that the driver implements
//!   replaces the base's. What neither has is NULL, so that the VFIO core's defaults apply.
//! - What may be done with a device depends on its [`Context`](device::Context), a type parameter:
//!   callbacks receive the device in the context that the VFIO core guarantees for their duration.
//!
//! PCI drivers stand on `vfio-pci-core` and are in [`pci`]. A driver for devices whose registers and
//! interrupts firmware tells of is a [`Driver`] on a [`Bus`]: [`platform`] is one, [`amba`] another.
//!
//! C header: [`include/linux/vfio.h`](srctree/include/linux/vfio.h)

#[cfg(CONFIG_ARM_AMBA)]
pub(crate) mod amba;
mod base;
mod device;
pub(crate) mod door;
mod driver;
mod info;
mod ioctl;
mod mmap;
mod new_device;
mod ops;
#[cfg(CONFIG_VFIO_PCI_CORE)]
pub(crate) mod pci;
pub(crate) mod platform;
pub(crate) mod virqfd;

use self::{
    base::Base,
    device::Header, //
};
pub(crate) use self::{
    base::PlainDevice,
    device::{
        Device,
        Opened,
        Operations,
        Registered, //
    },
    driver::{
        Bus,
        Driver, //
    },
    info::{
        DeviceFlag,
        DeviceFlags,
        InfoCaps,
        IrqFlag,
        IrqFlags,
        RegionFlag,
        RegionFlags,
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
    new_device::NewDevice, //
};
