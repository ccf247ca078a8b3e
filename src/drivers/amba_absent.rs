// SPDX-License-Identifier: GPL-2.0

//! In place of the AMBA meta driver, for kernels without that bus.

use kernel::{
    prelude::*,
    str::CString, //
};

/// No registration: there is no name to register.
pub(super) enum Registration {}

pub(super) fn register(
    _name: CString,
    _module: &'static ThisModule,
) -> Result<Pin<KBox<Registration>>> {
    Err(ENODEV)
}
