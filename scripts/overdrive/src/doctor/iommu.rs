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
    } else if !has_interrupt_remapping(system) && !allows_unsafe_interrupts(system) {
        findings.push(
            Finding::bad(
                "no-interrupt-remapping",
                "machine",
                "the IOMMU does not remap interrupts: VFIO refuses to open devices, whose users could send any interrupt",
            )
            .remedy(
                "switch it on in the firmware, and leave out intremap=off; or, if users are trusted, set allow_unsafe_interrupts=1 of vfio_iommu_type1 or iommufd",
            ),
        );
    }
}

/// Returns `false` on an x86 machine whose interrupts go past the IOMMU. Elsewhere the question does not arise.
pub fn has_interrupt_remapping(system: &System) -> bool {
    let is_x86 = system
        .list("/sys/class/iommu")
        .iter()
        .any(|name| name.starts_with("dmar") || name.starts_with("ivhd"));
    let interrupts = system.text("/proc/interrupts").unwrap_or_default();
    // The interrupt controllers of remapped interrupts have names of their own.
    !is_x86 || interrupts.is_empty() || interrupts.contains("IR-")
}

fn allows_unsafe_interrupts(system: &System) -> bool {
    ["vfio_iommu_type1", "iommufd"].iter().any(|module| {
        system.line(&format!(
            "/sys/module/{module}/parameters/allow_unsafe_interrupts"
        )) == "Y"
    })
}

/// Returns the addresses that users of an IOMMU group can not have, in the kernel's words: first, last and type.
pub fn reserved_regions(system: &System, group: u32) -> Vec<String> {
    let text = system
        .text(&format!("{GROUPS}/{group}/reserved_regions"))
        .unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Returns the memory that the firmware has reserved for itself in an IOMMU group, in the kernel's words; VFIO does not
/// hand out such a group.
pub fn direct_regions(system: &System, group: u32) -> Vec<String> {
    reserved_regions(system, group)
        .iter()
        .filter_map(|line| line.strip_suffix(" direct"))
        .map(str::to_owned)
        .collect()
}
