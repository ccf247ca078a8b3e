// SPDX-License-Identifier: GPL-2.0

//! The PCI meta driver: hands a PCI device to userspace through VFIO.
//!
//! It is to `vfio-pci-core` what `vfio-pci` is, `drivers/vfio/pci/vfio_pci.c`: with the same userspace
//! interface, and with the same parameters under the same names. It lacks the regions for Intel's
//! integrated graphics, which the C driver keeps to itself.
//!
//! Where it does more: some devices are a [`Variant`](vfio::pci::Variant), which can do what the bus
//! alone can't. [`edu`] is the first.

mod denylist;
mod edu;

use super::require_override;
use crate::abstractions::{
    module_param,
    vfio::pci::{
        DeviceId,
        Driver,
        IdTable,
        Ids,
        NoVariant,
        Options,
        Probe, //
    }, //
};
use kernel::{
    device::Core,
    pci,
    prelude::*, //
};

/// The devices that are a variant.
///
/// There is no wildcard among them, as `vfio-pci` has it: see
/// `Documentation/ABI/testing/vfio-overdrive-pci`.
pub(crate) const IDS: [DeviceId; 1] = [edu::ID];

/// The PCI meta driver.
pub(super) enum MetaDriver {}

impl Driver for MetaDriver {
    const IDS: Ids = {
        static TABLE: IdTable<{ IDS.len() }> = IdTable::new(IDS);

        TABLE.as_ids()
    };

    fn probe(probe: Probe<'_, '_>) -> Result {
        let pdev = probe.pdev();

        require_override(pdev.as_ref())?;
        denylist::check(pdev)?;
        if has_regions_of_its_own(pdev.vendor_id().as_raw(), pdev.pci_class()) {
            dev_notice!(
                pdev,
                "vfio-pci has regions for this display (OpRegion, host and LPC bridge), this driver has not\n"
            );
        }

        let options = Options {
            nointxmask: module_param::NOINTXMASK.value(),
            disable_idle_d3: module_param::DISABLE_IDLE_D3.value(),
            disable_vga: module_param::DISABLE_VGA.value(),
        };

        if edu::ID.is(pdev) {
            probe.register(options, edu::Edu::new())
        } else {
            probe.register(options, Ok(NoVariant))
        }
        .inspect_err(|e| dev_err!(pdev, "can't be handed to userspace: {e:?}\n"))
    }

    fn sriov_allowed(_pdev: &pci::Device<Core<'_>>) -> Result {
        // ENOENT is what `vfio-pci` says.
        module_param::ENABLE_SRIOV
            .value()
            .then_some(())
            .ok_or(ENOENT)
    }
}

/// Returns `true` if `vfio-pci` adds regions to such a device: Intel's integrated graphics, which is on
/// the root bus, and whatever else of Intel's is a display.
fn has_regions_of_its_own(vendor: u16, class: pci::Class) -> bool {
    const DISPLAY: u32 = 0x03;

    vendor == denylist::INTEL && class.as_raw() >> 16 == DISPLAY
}
