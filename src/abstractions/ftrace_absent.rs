// SPDX-License-Identifier: GPL-2.0

//! The stand-in for redirects of functions where the kernel has none.

use kernel::prelude::*;

/// The calls that would be redirected.
pub(super) enum Calls {
    /// All.
    All,
    /// Those for a device that has an override.
    WithOverride,
}

/// A redirect, of which there is none.
pub(super) enum Redirect {}

impl Redirect {
    /// Says that there are no redirects.
    ///
    /// # Errors
    ///
    /// `EINVAL`: no function can be traced.
    ///
    /// # Safety
    ///
    /// None; it has the signature of its twin.
    pub(super) unsafe fn new(_: usize, _: usize, _: Calls) -> Result<Self> {
        Err(EINVAL)
    }
}

/// Does nothing: nobody was redirected.
pub(super) fn synchronize() {}
