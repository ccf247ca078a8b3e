// SPDX-License-Identifier: GPL-2.0

//! Users through VFIO.

use super::{Use, Users};
use crate::device::Device;

/// Adds who has the device or its IOMMU group through VFIO.
pub(super) fn collect(users: &Users<'_>, device: &Device, uses: &mut Vec<Use>) {
    let system = users.system;
    let before = uses.len();
    if let Some(group) = device.group {
        for name in [group.to_string(), format!("noiommu-{group}")] {
            users.open_files().tell(
                system,
                &format!("/sys/class/vfio/{name}"),
                &format!("IOMMU group {group}"),
                uses,
            );
        }
    }
    users
        .open_files()
        .tell_vfio(system, &device.path, &device.name, uses);
    for node in device.vfio_nodes(system) {
        users.open_files().tell(
            system,
            &device.file(&format!("vfio-dev/{node}")),
            &device.name,
            uses,
        );
    }
    // The kernel knows it, whatever can be seen of the process.
    let is_owned = device.status.as_ref().and_then(|status| status.owned) == Some(true);
    if is_owned && uses.len() == before {
        uses.push(Use::new(format!(
            "{} is open through VFIO, by a process that can't be seen",
            device.name
        )));
    }
}
