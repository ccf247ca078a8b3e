// SPDX-License-Identifier: GPL-2.0

//! The reasons that an answer gives.

/// The reason for which a device was in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// There is no such driver.
    NoDriver,
    /// Users can't bind or unbind the driver.
    Fixed,
    /// Userspace has it open.
    Open,
    /// Userspace has its IOMMU group.
    GroupOwned,
    /// It is lent.
    Lent,
    /// It is going away.
    Gone,
    /// It may go away with another one of the set.
    MadeBy,
    /// A device that has a driver needs it.
    NeededBy,
    /// It is named twice.
    Twice,
    /// The driver did not take it.
    Probe,
    /// The driver can't take it yet.
    Deferred,
    /// The writer was killed.
    Interrupted,
    /// There is no memory.
    NoMemory,
    /// Something else.
    Other,
}

impl Reason {
    /// The word for it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::NoDriver => "no-driver",
            Self::Fixed => "fixed",
            Self::Open => "open",
            Self::GroupOwned => "group-owned",
            Self::Lent => "lent",
            Self::Gone => "gone",
            Self::MadeBy => "made-by",
            Self::NeededBy => "needed-by",
            Self::Twice => "twice",
            Self::Probe => "probe",
            Self::Deferred => "deferred",
            Self::Interrupted => "interrupted",
            Self::NoMemory => "no-memory",
            Self::Other => "other",
        }
    }
}
