// SPDX-License-Identifier: GPL-2.0

//! The right to access the registers of a platform device.

use kernel::prelude::*;

/// The right to access the registers of a device, by the kernel for a user or by entering them into an
/// address space.
pub(super) enum Access {
    /// There is a user who may.
    Allowed,
    /// The device was taken away.
    Revoked,
}

impl Access {
    /// Checks that the registers may be accessed.
    ///
    /// # Errors
    ///
    /// `ENODEV` if the device was taken away.
    pub(super) fn check(&self) -> Result {
        match self {
            Self::Allowed => Ok(()),
            Self::Revoked => Err(ENODEV),
        }
    }
}
