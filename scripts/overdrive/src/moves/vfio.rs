// SPDX-License-Identifier: GPL-2.0

//! The facts that a program needs to open a device through VFIO.

use crate::{
    device::{Device, group},
    output,
    system::System,
};

/// Tells where a program finds the device, if a VFIO driver has it, and what is in the way.
pub(super) fn tell(system: &System, device: &Device) {
    let nodes = device.vfio_nodes(system);
    for node in &nodes {
        let group = device
            .group
            .map_or_else(String::new, |group| format!(", group {group}"));
        output::print(format!("VFIO: /dev/vfio/devices/{node}{group}"));
    }
    let (Some(group), false) = (device.group, nodes.is_empty()) else {
        return;
    };
    for other in group::members(system, group) {
        if other.path != device.path && !other.is_harmless(system) {
            output::print(format!(
                "but {} ({}) of the same IOMMU group is in the way; see bind --group",
                other.name,
                other.driver.as_deref().unwrap_or("no driver")
            ));
        }
    }
}
