// SPDX-License-Identifier: GPL-2.0

//! IOMMU groups: devices that userspace can have together only.

use super::{
    driver_name::DriverName,
    tracked::TrackedDevice,
    Engine, //
};
use crate::abstractions::{
    device,
    errno::eopnotsupp,
    iommu, //
};
use kernel::{
    device::Device,
    prelude::*,
    sync::Arc, //
};

/// The driver of the other devices of the group, which is `none` if they have none, or not all that
/// have one have the same. Bridges don't count.
pub(super) fn driver(dev: &Device) -> Result<KVec<u8>> {
    let mut driver = KVec::new();
    let others = match iommu::Group::of(dev) {
        Some(group) => group.devices()?,
        None => KVec::new(),
    };
    // A name is copied where nothing can be allocated.
    let mut name = KVec::with_capacity(DriverName::MAX_LEN, GFP_KERNEL)?;

    for other in &others {
        if device::id(other) == device::id(dev) || device::is_bridge(other) {
            continue;
        }
        name.clear();
        device::with_driver_name(other, |bound| {
            for &c in bound.unwrap_or_default() {
                // What doesn't fit is no name that a rule could have either.
                let _ = name.push_within_capacity(c);
            }
        });
        if name.is_empty() {
            continue;
        }
        if driver.is_empty() {
            driver.extend_from_slice(&name, GFP_KERNEL)?;
        } else if driver[..] != name[..] {
            driver.clear();
            break;
        }
    }
    if driver.is_empty() {
        driver.extend_from_slice(DriverName::NONE, GFP_KERNEL)?;
    }
    Ok(driver)
}

/// How far the device is from the root of the device tree.
fn depth(dev: &Device) -> usize {
    core::iter::successors(Some(dev), |&dev| device::parent(dev)).count()
}

/// Parents come before children, and physical functions before their virtual ones.
fn order(tracked: &TrackedDevice) -> (usize, bool) {
    let dev = tracked.device();

    (depth(dev), device::physical_function(dev).is_some())
}

/// Whether `dev` goes away when `other` loses its driver.
fn depends_on(dev: &Device, other: &Device) -> bool {
    let is_other = |dev: &Device| device::id(dev) == device::id(other);

    device::physical_function(dev).is_some_and(is_other)
        || core::iter::successors(device::parent(dev), |&dev| device::parent(dev)).any(is_other)
}

impl Engine {
    /// The endpoints of the device's group, parents before their children.
    ///
    /// # Errors
    ///
    /// `ENODEV` if the device is in no group; `EOPNOTSUPP` if one of the endpoints is on a bus that
    /// is not tracked; `EBUSY` if `tracked` depends on another endpoint, and so might go away in the
    /// middle of what is done to the group.
    pub(super) fn endpoints(&self, tracked: &Arc<TrackedDevice>) -> Result<KVec<Arc<TrackedDevice>>> {
        let dev = tracked.device();
        let mut endpoints = KVec::<Arc<TrackedDevice>>::new();

        for other in &iommu::Group::of(dev).ok_or(ENODEV)?.devices()? {
            if device::is_bridge(other) {
                continue;
            }
            if depends_on(dev, other) {
                dev_err!(dev, "its group has {}, on which it depends\n", other.name());
                return Err(EBUSY);
            }
            let other = self.tracked(other).map_err(|_| {
                dev_err!(dev, "{} of its group is on no tracked bus\n", other.name());
                eopnotsupp()
            })?;

            endpoints.reserve(1, GFP_KERNEL)?;
            let at = endpoints.partition_point(|it| order(it) <= order(&other));
            endpoints
                .insert_within_capacity(at, other)
                .map_err(|_| ENOMEM)?;
        }
        Ok(endpoints)
    }
}
