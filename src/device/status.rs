// SPDX-License-Identifier: GPL-2.0

//! The status line of a device.

use super::tracked::TrackedDevice;
use crate::abstractions::{
    device,
    driver_override, //
};
use kernel::{
    fmt,
    prelude::*,
    str::BStr, //
};

/// The state of a device. Formats as one line of `KEY=VALUE`, without its end.
pub(crate) struct Status<'a>(pub(super) &'a TrackedDevice);

impl fmt::Display for Status<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dev = self.0.device();
        let state = self.0.state.lock();

        // Neither lock allows to sleep; writing into a page doesn't.
        device::with_driver_name(dev, |name| {
            f.write_fmt(fmt!("driver={}", BStr::from_bytes(name.unwrap_or(b"-"))))
        })?;
        driver_override::with(dev, |name| match name {
            Some(name) => f.write_fmt(fmt!(" override={}", BStr::from_bytes(name))),
            None => f.write_str(" override=-"),
        })?;

        let is_set = driver_override::with(dev, |name| name.is_some());
        match &state.source {
            _ if !is_set => f.write_str(" by=-")?,
            Some(source) if source.is_current(dev) => f.write_fmt(fmt!(" by={source}"))?,
            _ => f.write_str(" by=user")?,
        }
        f.write_fmt(fmt!(" rebind={}", state.outcome))
    }
}
