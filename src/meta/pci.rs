// SPDX-License-Identifier: GPL-2.0

//! The PCI meta driver.

use super::claim;
use crate::abstractions;
use kernel::{
    device::Core,
    pci,
    prelude::*, //
};

/// The PCI meta driver.
pub(crate) struct MetaDriver;

impl abstractions::pci::Driver for MetaDriver {
    // The driver itself does no DMA; whoever it hands the device to claims the group.
    const DRIVER_MANAGED_DMA: bool = true;

    fn probe(pdev: &pci::Device<Core<'_>>) -> Result {
        claim::named_by_override(pdev.as_ref())
    }

    fn remove(_pdev: &pci::Device<Core<'_>>) {}
}
