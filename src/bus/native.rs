// SPDX-License-Identifier: GPL-2.0

//! Buses that honour the override themselves.

use crate::abstractions::bus::Bus;
use kernel::prelude::*;

/// More than the kernel has.
const MAX_BUSES: usize = 64;

/// Buses with an attribute of their own, which the driver core does not know of.
const OWN_ATTRIBUTE: [&[u8]; 2] = [b"spi", b"ap"];

fn honours_override(name: &[u8], in_core: bool) -> bool {
    in_core || OWN_ATTRIBUTE.contains(&name)
}

/// The native buses that are registered now.
pub(crate) fn buses() -> Result<KVec<Bus>> {
    Bus::all(MAX_BUSES, honours_override)
}

/// Returns `true` if a native bus of that name is registered.
pub(crate) fn is_native(name: &[u8]) -> Result<bool> {
    let found = Bus::all(1, |it, in_core| it == name && honours_override(it, in_core))?;

    Ok(!found.is_empty())
}
