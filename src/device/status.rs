// SPDX-License-Identifier: GPL-2.0

//! The status line of a device.

use super::{
    tracked::{
        Loan,
        TrackedDevice, //
    },
    usage, //
};
use crate::abstractions::{
    device,
    driver_override::{
        self,
        Token, //
    }, //
};
use kernel::{
    fmt,
    prelude::*,
    str::BStr, //
};

/// The state of a device. Formats as one line of `KEY=VALUE`, without its end.
pub(crate) struct StatusLine<'a>(pub(crate) &'a TrackedDevice);

impl fmt::Display for StatusLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dev = self.0.device();
        // Before the state is locked: it asks others.
        let owned = usage::is_owned(dev);
        let state = self.0.state.lock();

        device::with_driver_name(dev, |name| {
            f.write_fmt(fmt!("driver={}", BStr::from_bytes(name.unwrap_or(b"-"))))
        })?;
        // The lock does not allow to sleep; writing into a page doesn't.
        driver_override::with(dev, |name| match name {
            Some(name) => f.write_fmt(fmt!(" override={}", BStr::from_bytes(name))),
            None => f.write_str(" override=-"),
        })?;

        let token = driver_override::token(dev);
        match &state.source {
            _ if token == Token::NONE => f.write_str(" by=-")?,
            Some(source) if source.token == token => f.write_fmt(fmt!(" by={source}"))?,
            _ if token == state.by_kernel => f.write_str(" by=kernel")?,
            _ => f.write_str(" by=user")?,
        }
        f.write_fmt(fmt!(" rebind={}", state.outcome))?;
        f.write_str(match owned {
            Ok(true) => " owned=yes",
            Ok(false) => " owned=no",
            Err(_) => " owned=unknown",
        })?;
        f.write_str(match state.loan {
            Loan::None => " lent=no",
            Loan::Lent => " lent=yes",
            Loan::Returning => " lent=returning",
        })
    }
}
