// SPDX-License-Identifier: GPL-2.0

//! Findings that only who asks for a device wants to know.

use super::{
    Finding,
    iommu::{self, GROUPS},
};
use crate::{
    device::{Device, group},
    system::System,
    users::Users,
};

/// Adds what is in the way of the device.
pub(super) fn examine(
    system: &System,
    users: &Users<'_>,
    device: &Device,
    findings: &mut Vec<Finding>,
) {
    let name = &device.name;
    if !device.has_override_file {
        findings.push(
            Finding::bad(
                "no-override",
                name,
                format!("devices of the bus {} have no driver_override", device.bus),
            )
            .remedy(format!("overdrive bus add {}", device.bus)),
        );
    }
    for one in users.of(device) {
        findings.push(
            Finding::bad("in-use", name, one.text)
                .remedy("end that use, or take it all the same with --force"),
        );
    }
    let Some(number) = device.group else {
        if device.has_override_file && !system.list(GROUPS).is_empty() {
            findings.push(Finding::bad(
                "no-group",
                name,
                "it is in no IOMMU group: VFIO does not hand it out safely",
            ));
        }
        return;
    };
    for region in iommu::direct_regions(system, number) {
        findings.push(
            Finding::bad(
                "reserved-memory",
                name,
                format!(
                    "the firmware uses memory at {region} through its IOMMU group {number}: VFIO does not hand it out"
                ),
            )
            .remedy("switch off in the firmware what uses it (RMRR), or use another device"),
        );
    }
    for other in group::members(system, number) {
        if other.path != device.path && !other.is_harmless(system) {
            findings.push(
                Finding::bad(
                    "group-not-viable",
                    name,
                    format!(
                        "{} of the same IOMMU group {number} is with {}",
                        other.name,
                        other.driver.as_deref().unwrap_or("no driver")
                    ),
                )
                .remedy(format!(
                    "overdrive bind --group {name} DRIVER, or: overdrive unbind {}",
                    other.name
                )),
            );
        }
    }
}
