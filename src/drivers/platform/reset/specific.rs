// SPDX-License-Identifier: GPL-2.0

//! Resets of devices that can reset themselves.

mod xgmac;

use self::xgmac::Xgmac;
use super::{
    Regions,
    Reset, //
};
use crate::abstractions::firmware;
use kernel::{
    device::{
        Bound,
        Device, //
    },
    io::poll::read_poll_timeout,
    prelude::*,
    time::Delta, //
};

/// Devices that can be reset in one way.
struct Entry {
    /// In the device tree.
    compatible: &'static CStr,
    /// In ACPI.
    hid: Option<&'static CStr>,
    /// Of devices that neither describes.
    name: Option<&'static CStr>,
    reset: &'static dyn Reset,
}

const TABLE: &[Entry] = &[
    Entry {
        compatible: c"virtio,mmio",
        hid: Some(c"LNRO0005"),
        name: Some(c"virtio-mmio"),
        reset: &VirtioMmio,
    },
    Entry {
        compatible: c"calxeda,hb-xgmac",
        hid: None,
        name: None,
        reset: &Xgmac,
    },
];

/// Looks `dev`, which has this name on its bus, up in the table.
pub(super) fn find(dev: &Device<Bound>, name: &CStr) -> Option<&'static dyn Reset> {
    let hid = firmware::acpi_hid(dev);

    TABLE
        .iter()
        .find(|entry| {
            firmware::is_compatible(dev, entry.compatible)
                || (hid.is_some() && hid == entry.hid)
                || Some(name) == entry.name
        })
        .map(|entry| entry.reset)
}

/// A virtio device behind memory-mapped registers: virtio specification, section 4.2.2.
struct VirtioMmio;

impl VirtioMmio {
    const MAGIC: u64 = 0x000;
    const MAGIC_VALUE: u32 = u32::from_le_bytes(*b"virt");
    const STATUS: u64 = 0x070;

    /// The time between two looks at the device, and the time that it may take.
    const STEP: Delta = Delta::from_millis(1);
    const TIMEOUT: Delta = Delta::from_millis(100);
}

impl Reset for VirtioMmio {
    fn name(&self) -> &'static str {
        "virtio-mmio status register"
    }

    fn reset(&self, _dev: &Device<Bound>, regions: &Regions) -> Result {
        let registers = regions.get(0)?.range();

        if registers.read::<u32>(Self::MAGIC)? != Self::MAGIC_VALUE {
            return Err(ENODEV);
        }

        registers.write(Self::STATUS, 0_u32)?;
        // The device is reset when it says so.
        read_poll_timeout(
            || registers.read::<u32>(Self::STATUS),
            |status| *status == 0,
            Self::STEP,
            Self::TIMEOUT,
        )
        .map(|_| ())
    }
}
