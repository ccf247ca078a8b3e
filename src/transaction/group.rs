// SPDX-License-Identifier: GPL-2.0

//! IOMMU groups: devices that userspace can have together only.

use super::Transactions;
use crate::{
    abstractions::{
        device,
        errno::eopnotsupp,
        iommu, //
    },
    device::tracked::TrackedDevice,
};
use kernel::{
    device::Device,
    prelude::*,
    sync::Arc, //
};

/// How far the device is from the root of the device tree.
fn depth(dev: &Device) -> usize {
    core::iter::successors(Some(dev), |&dev| device::parent(dev)).count()
}

/// Parents come before children, and physical functions before their virtual ones.
fn order(tracked: &TrackedDevice) -> (usize, bool) {
    let dev = tracked.device();

    (depth(dev), device::physical_function(dev).is_some())
}

/// Returns `true` if `dev` goes away when `other` loses its driver.
fn depends_on(dev: &Device, other: &Device) -> bool {
    let is_other = |dev: &Device| device::id(dev) == device::id(other);

    device::physical_function(dev).is_some_and(is_other)
        || core::iter::successors(device::parent(dev), |&dev| device::parent(dev)).any(is_other)
}

impl Transactions {
    /// The endpoints of the device's group, parents before their children.
    ///
    /// # Errors
    ///
    /// `ENODEV` if the device is in no group; `EOPNOTSUPP` if one of the endpoints is on a bus that
    /// is not tracked; `EBUSY` if `tracked` depends on another endpoint, and so might go away in the
    /// middle of what is done to the group.
    pub(super) fn endpoints(
        &self,
        tracked: &Arc<TrackedDevice>,
    ) -> Result<KVec<Arc<TrackedDevice>>> {
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
            let other = self.devices.get(other).map_err(|_| {
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
