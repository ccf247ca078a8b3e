// SPDX-License-Identifier: GPL-2.0

//! Buses that honour the override themselves.

use crate::abstractions::bus::Bus;
use kernel::prelude::*;

/// More than the kernel has.
const MAX_BUSES: usize = 64;

/// Buses with an attribute of their own, which the driver core does not know of.
const OWN_ATTRIBUTE: [&[u8]; 2] = [b"spi", b"ap"];

/// The native buses that are registered now.
pub(crate) fn buses() -> Result<KVec<Bus>> {
    Bus::all(MAX_BUSES, |name, honours_override| {
        honours_override || OWN_ATTRIBUTE.contains(&name)
    })
}
