// SPDX-License-Identifier: GPL-2.0

//! Resets of devices that can reset themselves.

mod xgmac;

use self::xgmac::Xgmac;
use super::Reset;
use crate::{
    abstractions::{
        firmware,
        io::Io,
        resource::ResourceIo, //
    },
    drivers::platform::regions::{
        Region,
        Regions, //
    }, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*,
    time::{
        delay::fsleep,
        Delta, //
    }, //
};

/// Which devices can be reset in which way.
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

    /// How long a device may take, in steps of [`STEP`](Self::STEP).
    const STEPS: usize = 100;
    const STEP: Delta = Delta::from_millis(1);
}

impl Reset for VirtioMmio {
    fn name(&self) -> &'static str {
        "virtio-mmio status register"
    }

    fn reset(&self, _dev: &Device<Bound>, regions: &Regions) -> Result {
        let ResourceIo::Mem(registers) = regions.get(0).map(Region::io)? else {
            return Err(EINVAL);
        };
        let registers = registers.mapped()?;
        let read = |offset| Io::<u32>::read(&registers, offset);

        if read(Self::MAGIC)? != Self::MAGIC_VALUE {
            return Err(ENODEV);
        }

        Io::<u32>::write(&registers, Self::STATUS, 0)?;
        // The device is reset when it says so.
        for _ in 0..Self::STEPS {
            if read(Self::STATUS)? == 0 {
                return Ok(());
            }
            fsleep(Self::STEP);
        }

        Err(ETIMEDOUT)
    }
}
