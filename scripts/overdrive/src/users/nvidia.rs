// SPDX-License-Identifier: GPL-2.0

//! Cards with NVIDIA's own driver, whose device files are in no folder of sysfs.

use super::{Use, Users};
use crate::device::Device;

/// The major number of `/dev/nvidia0` and its like.
const MAJOR: u32 = 195;

/// Adds who has the card's file open.
pub(super) fn collect(users: &Users<'_>, device: &Device, uses: &mut Vec<Use>) {
    let file = format!("/proc/driver/nvidia/gpus/{}/information", device.name);
    let Some(text) = users.system.text(&file) else {
        return;
    };
    let minor = text
        .lines()
        .find_map(|line| line.strip_prefix("Device Minor:"))
        .and_then(|text| text.trim().parse::<u32>().ok());
    if let Some(minor) = minor {
        let name = format!("nvidia{minor}");
        users.open_files().tell_number(
            users.system,
            &format!("{MAJOR}:{minor}"),
            &name,
            &name,
            uses,
        );
    }
}
