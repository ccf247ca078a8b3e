// SPDX-License-Identifier: GPL-2.0

//! Platform devices and their drivers in sysfs.

use std::{fs, io, path::PathBuf};

/// The driver that a device is bound to.
pub fn driver(device: &str) -> Option<String> {
    let link = fs::read_link(format!("/sys/bus/platform/devices/{device}/driver")).ok()?;
    Some(link.file_name()?.to_string_lossy().into_owned())
}

fn attribute(driver: &str, name: &str) -> PathBuf {
    format!("/sys/bus/platform/drivers/{driver}/{name}").into()
}

/// Binds the device to the driver that its override names.
pub fn bind(device: &str, driver: &str) -> io::Result<()> {
    fs::write(attribute(driver, "bind"), device)
}

/// Unbinds the device; returns when that is done.
pub fn unbind(device: &str, driver: &str) -> io::Result<()> {
    fs::write(attribute(driver, "unbind"), device)
}
