// SPDX-License-Identifier: GPL-2.0

//! Virtual functions, which exist only as long as the driver of their physical function wants.

use super::Use;
use crate::{device::Device, system::System};

/// Adds that the device has virtual functions.
pub(super) fn collect(system: &System, device: &Device, uses: &mut Vec<Use>) {
    match system.number(&device.file("sriov_numvfs")) {
        None | Some(0) => {}
        Some(count) => uses.push(Use::new(format!(
            "{count} virtual functions exist only with its driver"
        ))),
    }
}
