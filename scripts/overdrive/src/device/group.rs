// SPDX-License-Identifier: GPL-2.0

//! IOMMU groups.

use super::{Device, kind};
use crate::system::System;

/// Returns the devices of an IOMMU group, bridges left out: no driver that could do harm ever has those.
pub fn members(system: &System, group: u32) -> Vec<Device> {
    let folder = format!("/sys/kernel/iommu_groups/{group}/devices");
    system
        .list(&folder)
        .into_iter()
        .filter_map(|name| system.real(&format!("{folder}/{name}")))
        .map(|path| Device::read(system, &path))
        .filter(|device| !kind::is_bridge(system, device))
        .collect()
}
