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
    prelude::*,
    sync::Arc, //
};

impl Transactions {
    /// The endpoints of the device's group.
    ///
    /// # Errors
    ///
    /// `ENODEV` if the device is in no group, or in one without endpoints; `EOPNOTSUPP` if one of the
    /// endpoints is on a bus that is not tracked.
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
            let other = self.devices.get(other).map_err(|_| {
                dev_err!(dev, "{} of its group is on no tracked bus\n", other.name());
                eopnotsupp()
            })?;

            endpoints.push(other, GFP_KERNEL)?;
        }
        if endpoints.is_empty() {
            dev_err!(dev, "its group has no endpoints\n");
            return Err(ENODEV);
        }
        Ok(endpoints)
    }
}
