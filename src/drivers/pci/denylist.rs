// SPDX-License-Identifier: GPL-2.0

//! Devices that are not safe in the hands of a user.
//!
//! They are those that `vfio-pci` refuses: their errata let whoever has them harm the host.

use crate::abstractions::module_param;
use kernel::{
    device::Core,
    pci,
    prelude::*, //
};

/// The vendor ID of Intel.
pub(super) const INTEL: u16 = 0x8086;

/// Intel's QuickAssist C3xxx, C62x and DH895xCC with their virtual functions, and the first
/// generation of its Data Streaming and In-Memory Analytics Accelerators.
const DEVICES: [u16; 8] = [
    0x19e2, 0x19e3, 0x37c8, 0x37c9, 0x0435, 0x0443, 0x0b25, 0x0cfe,
];

/// Refuses a device with known errata, unless the admin insists.
///
/// # Errors
///
/// `EINVAL`
pub(super) fn check(pdev: &pci::Device<Core<'_>>) -> Result {
    if !is_denied(pdev.vendor_id().as_raw(), pdev.device_id()) {
        return Ok(());
    }

    if module_param::DISABLE_DENYLIST.value() {
        dev_warn!(
            pdev,
            "has errata that its user can exploit; allowed by disable_denylist\n"
        );
        Ok(())
    } else {
        dev_err!(
            pdev,
            "has errata that its user can exploit; see disable_denylist\n"
        );
        Err(EINVAL)
    }
}

fn is_denied(vendor: u16, device: u16) -> bool {
    vendor == INTEL && DEVICES.contains(&device)
}

#[kunit_tests(overdrive_pci_denylist)]
mod tests {
    use super::*;

    #[test]
    fn the_denylist_goes_by_vendor_and_device() {
        assert!(is_denied(0x8086, 0x37c8));
        assert!(is_denied(0x8086, 0x0cfe));
        assert!(!is_denied(0x8086, 0x10d3));
        assert!(!is_denied(0x1234, 0x37c8));
    }
}
