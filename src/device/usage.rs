// SPDX-License-Identifier: GPL-2.0

//! The users of a device in userspace.
//!
//! A device is *owned* if a VFIO driver of this module has it, and somebody has it open. If another
//! driver has it, or none, nobody can be asked but its IOMMU group: then it is owned if userspace owns the
//! group.
//!
//! What can't be seen is as with the kernel's own unbind, which waits for it: somebody who has opened the
//! character device of another VFIO driver and not bound it to an iommufd yet, and a user without an
//! IOMMU.

use crate::abstractions::{
    device,
    iommu,
    vfio::door, //
};
use kernel::{
    device::Device,
    prelude::*, //
};

/// Returns `true` if userspace has the device, or the rest of its IOMMU group.
pub(crate) fn is_owned(dev: &Device) -> Result<bool> {
    door::is_open(dev).map_or_else(|| group_is_owned(dev), Ok)
}

/// Returns `true` if userspace may have the device open, so that unbinding it would wait.
pub(crate) fn is_open(dev: &Device) -> Result<bool> {
    match door::is_open(dev) {
        Some(open) => Ok(open),
        None => Ok(device::has_vfio_device(dev) && group_is_owned(dev)?),
    }
}

/// Returns `true` if userspace has the device's IOMMU group.
pub(crate) fn group_is_owned(dev: &Device) -> Result<bool> {
    iommu::Group::of(dev).map_or(Ok(false), |group| group.is_owned())
}
