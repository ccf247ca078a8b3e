// SPDX-License-Identifier: GPL-2.0

//! The fields of a rule.

use std::fmt;

/// A field of a rule, in the order in which rules are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The bus's name.
    Bus,
    /// The device's name, or a pattern of it.
    Device,
    /// A path of PCI addresses from the first bus.
    Path,
    /// The parent's name, or the physical function's.
    Parent,
    /// The name or path of a device above it.
    Below,
    /// The node in the firmware's tables.
    Firmware,
    /// The serial number.
    Serial,
    /// A pattern of the module alias.
    Modalias,
    /// Indices of virtual functions.
    Vf,
    /// `1` for devices whose IOMMU group belongs to userspace.
    GroupOwned,
    /// What the devices get.
    Driver,
}

impl Field {
    /// All fields that a rule of any module can have.
    pub const ALL: [Self; 11] = [
        Self::Bus,
        Self::Device,
        Self::Path,
        Self::Parent,
        Self::Below,
        Self::Firmware,
        Self::Serial,
        Self::Modalias,
        Self::Vf,
        Self::GroupOwned,
        Self::Driver,
    ];

    /// Returns the name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bus => "bus",
            Self::Device => "device",
            Self::Path => "path",
            Self::Parent => "parent",
            Self::Below => "below",
            Self::Firmware => "firmware",
            Self::Serial => "serial",
            Self::Modalias => "modalias",
            Self::Vf => "vf",
            Self::GroupOwned => "group_owned",
            Self::Driver => "driver",
        }
    }

    /// Returns the field of a name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// Returns the names of all, for messages.
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(" ")
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
