// SPDX-License-Identifier: GPL-2.0

//! The machine's IOMMU.

use super::Finding;
use crate::system::System;

/// The folder of all IOMMU groups.
pub(super) const GROUPS: &str = "/sys/kernel/iommu_groups";

/// Adds what keeps the machine from isolating devices.
pub(super) fn examine(system: &System, findings: &mut Vec<Finding>) {
    const NOIOMMU: &str = "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode";

    if system.line(NOIOMMU) == "Y" {
        findings.push(
            Finding::note(
                "noiommu-mode",
                "vfio",
                "devices without an IOMMU may be handed out: their users can reach all memory",
            )
            .remedy(format!("echo 0 > {NOIOMMU} forbids it")),
        );
    }
    if system.list(GROUPS).is_empty() {
        findings.push(
            Finding::bad(
                "iommu-off",
                "machine",
                "no device is behind an IOMMU: userspace can not be kept to its memory",
            )
            .remedy(
                "switch it on in the firmware (VT-d, AMD-Vi, SMMU) and with intel_iommu=on if the kernel was not built so",
            ),
        );
    }
}
