// SPDX-License-Identifier: GPL-2.0

//! The differences between buses.
//!
//! A bus is [`native`] if it honours the override of its devices itself. Any other can be
//! [`extended`].

#![deny(unsafe_code)]

pub(crate) mod extended;
mod force;
pub(crate) mod native;

use crate::abstractions::{
    bus::Bus,
    device::Driver, //
};
use kernel::{
    device::Device,
    prelude::*, //
};

/// The registered bus of that name.
fn find(name: &[u8]) -> Result<Option<Bus>> {
    Ok(Bus::all(1, |it, _| it == name)?.pop())
}

/// Returns `true` if the bus lets the device, with the override that it has, have the driver.
///
/// # Errors
///
/// What the bus's match returns, above all `EPROBE_DEFER`.
pub(crate) fn matches(dev: &Device, drv: &Driver) -> Result<bool> {
    extended::matches(dev, drv)
}

/// Returns `true` if there is a bus of that name, and its devices honour an override: it is native, or
/// extended.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn honours_override(name: &[u8]) -> Result<bool> {
    Ok(native::is_native(name)?
        || match extended::Buses::published() {
            Ok(buses) => buses.is_extended(name)?,
            Err(_) => false,
        })
}
