// SPDX-License-Identifier: GPL-2.0

//! The buses on which a device can be forced on a driver that its bus doesn't match it with.
//!
//! See `Documentation/driver-api/overdrive-force.rst` for each bus, and why.

/// Which devices of a bus its drivers can take.
///
/// A bus can carry more than one kind: hosts and disks, say, each embedded in a different struct. A
/// driver would take one for the other. The match function tells them apart by what is private to the
/// bus; their names tell them apart as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Devices {
    /// All.
    All,
    /// Those whose name begins with a digit.
    Numbered,
}

impl Devices {
    /// Returns `true` if the device of that name is one of them.
    pub(super) fn contains(self, name: &[u8]) -> bool {
        match self {
            Self::All => true,
            Self::Numbered => name.first().is_some_and(u8::is_ascii_digit),
        }
    }
}

/// The buses whose probe needs nothing that only a match finds, and neither do their drivers.
const FORCE: [(&[u8], Devices); 5] = [
    (b"scsi", Devices::Numbered),
    (b"serio", Devices::All),
    (b"slimbus", Devices::All),
    (b"tee", Devices::All),
    (b"virtio", Devices::All),
];

/// The buses that it is known of that forcing a driver fails, or worse, and why.
const NEVER: [(&[u8], &str); 19] = [
    (b"auxiliary", NO_ID),
    (b"cxl", MIXED),
    (b"dax", MIXED),
    (b"firewire", NO_ID),
    (b"hid", REFUSED),
    (b"i2c", NO_ID),
    (b"i3c", NO_ID),
    (b"mdio_bus", MIXED),
    (b"mei", REFUSED),
    (b"nd", MIXED),
    (b"pci-epf", NO_ID),
    (b"peci", NO_ID),
    (b"pnp", NOT_PROBED),
    (b"sdio", REFUSED),
    (b"serial", NO_ID),
    (b"soundwire", REFUSED),
    (b"spmi", NO_ID),
    (b"thunderbolt", MIXED),
    (b"usb", REFUSED),
];

const NO_ID: &str = "force: its drivers use an ID that only a match finds";
const MIXED: &str = "force: it has several kinds of devices, and drivers for each";
const REFUSED: &str = "force: its probe fails without a match";
const NOT_PROBED: &str = "force: it doesn't probe without a match";
const UNKNOWN: &str = "force: not known to be safe on this bus, which can only be restricted";

/// The devices of a bus that can be forced on any of its drivers.
///
/// # Errors
///
/// Why none can.
pub(super) fn devices(bus: &[u8]) -> Result<Devices, &'static str> {
    if let Some((_, devices)) = FORCE.iter().find(|(name, _)| *name == bus) {
        return Ok(*devices);
    }
    let never = NEVER.iter().find(|(name, _)| *name == bus);

    Err(never.map_or(UNKNOWN, |(_, reason)| reason))
}
