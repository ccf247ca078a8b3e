// SPDX-License-Identifier: GPL-2.0

//! `/sys/bus/B/devices/D/overdrive/identity`: what rules can name the device by.
//!
//! See `Documentation/ABI/testing/sysfs-bus-overdrive`.

use crate::{
    abstractions::{
        device_attr::{
            emit,
            Attribute, //
        },
        uevent,
    },
    device::list::Devices,
};
use kernel::{
    device::Device,
    page::PAGE_SIZE,
    prelude::*,
    str::BStr, //
};

/// `identity`
pub(super) struct Identity;

impl Attribute for Identity {
    const NAME: &'static CStr = c"identity";
    const MODE: u16 = 0o400;

    fn show(dev: &Device, page: &mut [u8; PAGE_SIZE]) -> Result<usize> {
        let tracked = Devices::published()?.get(dev)?;
        let modalias = match uevent::modalias(dev) {
            Err(ENOMEM) => return Err(ENOMEM),
            modalias => modalias.unwrap_or_default(),
        };
        // Of these, a C string would be written with its newline escaped.
        let (key, end) = match &modalias[..] {
            b"" => ("", ""),
            _ => ("modalias=", "\n"),
        };

        emit(
            page,
            fmt!(
                "bus={}\ndevice={}\n{}{}{}{}{}",
                BStr::from_bytes(tracked.bus()),
                dev.name(),
                key,
                BStr::from_bytes(&modalias),
                end,
                tracked.names(true)?,
                tracked.identity
            ),
        )
    }
}
