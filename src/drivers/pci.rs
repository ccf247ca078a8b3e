// SPDX-License-Identifier: GPL-2.0

//! The PCI meta driver: hands a PCI device to userspace through VFIO.
//!
//! It is to `vfio-pci-core` what `vfio-pci` is, `drivers/vfio/pci/vfio_pci.c`: with the same userspace
//! interface, and with the same parameters under the same names. It lacks the regions for Intel's
//! integrated graphics, whose code the C driver keeps to itself.
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

/// The base class of displays.
const PCI_BASE_CLASS_DISPLAY: u32 = 0x03;

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
        if is_intel_display(pdev.vendor_id().as_raw(), pdev.pci_class().as_raw()) {
            dev_notice!(
                pdev,
                "this driver lacks the regions that vfio-pci has for Intel's graphics\n"
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

/// Returns `true` for those devices that `vfio-pci` may add regions for: the firmware's OpRegion, and the
/// configuration of the host bridge and of the LPC bridge. `class` has the programming interface in its
/// lowest byte.
fn is_intel_display(vendor: u16, class: u32) -> bool {
    vendor == denylist::INTEL && class >> 16 == PCI_BASE_CLASS_DISPLAY
}

#[kunit_tests(overdrive_pci_display)]
mod tests {
    use super::*;

    #[test]
    fn intel_displays_are_told_by_vendor_and_base_class() {
        assert!(is_intel_display(0x8086, 0x03_00_00));
        assert!(is_intel_display(0x8086, 0x03_80_00));
        assert!(!is_intel_display(0x8086, 0x02_00_00));
        assert!(!is_intel_display(0x8086, 0x01_03_00));
        assert!(!is_intel_display(0x1234, 0x03_00_00));
    }
}
