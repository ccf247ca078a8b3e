// SPDX-License-Identifier: GPL-2.0

//! Buses on one line, as the module parameter `buses=` has them.
//!
//! ```text
//! buses = [ bus { "," bus } ]
//! bus   = name [ ":" ( "restrict" | "force" ) ]
//! ```

use crate::{
    bus::extended::Scope, //
    policy::rules::param::BadParam,
};
use kernel::prelude::*;

/// A bus that is to be extended.
pub(crate) struct BusSpec {
    pub(crate) name: &'static [u8],
    pub(crate) scope: Scope,
}

/// Reads all buses of the parameter.
pub(super) fn parse(text: &'static [u8]) -> Result<KVec<BusSpec>, BadParam> {
    let mut buses = KVec::new();
    let mut at = 0;

    if text.is_empty() {
        return Ok(buses);
    }
    for item in text.split(|&c| c == b',') {
        buses
            .push(bus(item, at)?, GFP_KERNEL)
            .map_err(BadParam::no_memory)?;
        at += item.len() + 1;
    }
    Ok(buses)
}

/// Reads the bus that begins at `at`.
fn bus(item: &'static [u8], at: usize) -> Result<BusSpec, BadParam> {
    let len = item.iter().position(|&c| c == b':').unwrap_or(item.len());
    let (name, scope) = item.split_at(len);

    if name.is_empty() {
        return Err(BadParam::new(at, "the name of a bus expected"));
    }
    let scope = match scope.split_first() {
        None => Scope::Restrict,
        Some((_, scope)) => Scope::try_from(scope)
            .map_err(|_| BadParam::new(at + len + 1, "restrict or force expected"))?,
    };

    Ok(BusSpec { name, scope })
}
