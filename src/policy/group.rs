// SPDX-License-Identifier: GPL-2.0

//! The driver that the rest of an IOMMU group has.

use crate::{
    abstractions::{
        device,
        iommu, //
    },
    driver_name::DriverName,
};
use kernel::{
    device::Device,
    prelude::*, //
};

/// The driver of the other devices of the group, which is `none` if they have none, or not all that
/// have one have the same. Bridges don't count.
pub(super) fn driver(dev: &Device) -> Result<KVec<u8>> {
    let mut driver = KVec::new();
    let others = match iommu::Group::of(dev) {
        Some(group) => group.devices()?,
        None => KVec::new(),
    };
    // A name is copied where nothing can be allocated.
    let mut name = KVec::with_capacity(DriverName::MAX_LEN, GFP_KERNEL)?;

    for other in &others {
        if device::id(other) == device::id(dev) || device::is_bridge(other) {
            continue;
        }
        name.clear();
        device::with_driver_name(other, |bound| {
            for &c in bound.unwrap_or_default() {
                // What doesn't fit is no name that a rule could have either.
                let _ = name.push_within_capacity(c);
            }
        });
        if name.is_empty() {
            continue;
        }
        if driver.is_empty() {
            driver.extend_from_slice(&name, GFP_KERNEL)?;
        } else if driver[..] != name[..] {
            driver.clear();
            break;
        }
    }
    if driver.is_empty() {
        driver.extend_from_slice(DriverName::NONE, GFP_KERNEL)?;
    }
    Ok(driver)
}
