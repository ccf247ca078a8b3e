// SPDX-License-Identifier: GPL-2.0

//! Swap.

use super::mounts::unescape;
use crate::system::System;

/// Returns `true` if the block device is swap.
pub(super) fn is_swap(system: &System, name: &str, number: &str) -> bool {
    let text = system.text("/proc/swaps").unwrap_or_default();
    text.lines().skip(1).any(|line| {
        let Some(file) = line.split_whitespace().next().map(unescape) else {
            return false;
        };
        file == format!("/dev/{name}")
            || super::open_files::number_of(system, &file).is_some_and(|its| its == number)
    })
}
