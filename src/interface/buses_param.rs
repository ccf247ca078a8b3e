// SPDX-License-Identifier: GPL-2.0

//! Buses on one line, as the module parameter `buses=` has them.
//!
//! ```text
//! buses = [ bus { "," bus } ]
//! bus   = name [ ":" ( "restrict" | "force" ) ]
//! ```

use crate::{
    bus::extended::Scope,
    policy::rules::{
        field::Field,
        ParseError, //
    },
};
use kernel::prelude::*;

/// A bus that is to be extended.
pub(crate) struct BusSpec {
    pub(crate) name: &'static [u8],
    pub(crate) scope: Scope,
}

/// Calls `f` with each bus of the parameter, or the reason why it is none, until `f` fails.
///
/// # Errors
///
/// What `f` returned.
pub(super) fn parse<E>(
    text: &'static [u8],
    mut f: impl FnMut(Result<BusSpec, ParseError>) -> Result<(), E>,
) -> Result<(), E> {
    let mut at = 0;

    if text.is_empty() {
        return Ok(());
    }
    for item in text.split(|&c| c == b',') {
        f(bus(item).map_err(|bad| bad.after(at)))?;
        at += item.len() + 1;
    }
    Ok(())
}

/// Reads a bus, of which `item` is all.
fn bus(item: &'static [u8]) -> Result<BusSpec, ParseError> {
    let len = item.iter().position(|&c| c == b':').unwrap_or(item.len());
    let (name, scope) = item.split_at(len);

    if name.is_empty() {
        return Err(ParseError::new(0, "the name of a bus expected"));
    }
    // One that can't be registered would be waited for in vain.
    if Field::Bus.canonical(name)?[..] != *name {
        return Err(ParseError::new(0, "the name in lower case expected"));
    }
    let scope = match scope.split_first() {
        None => Scope::Restrict,
        Some((_, scope)) => Scope::try_from(scope)
            .map_err(|_| ParseError::new(len + 1, "restrict or force expected"))?,
    };

    Ok(BusSpec { name, scope })
}
