// SPDX-License-Identifier: GPL-2.0

//! Devices on a bus, and their drivers, in sysfs.

use std::{fs, io, path::PathBuf};

use crate::vfio::{Device, firmware_bus};

/// A bus whose devices VFIO can have.
#[derive(Clone, Copy)]
pub struct Bus {
    name: &'static str,
    open: fn(&str) -> io::Result<Device>,
}

pub const PLATFORM: Bus = Bus {
    name: "platform",
    open: Device::open,
};

pub const AMBA: Bus = Bus {
    name: "amba",
    open: Device::open,
};

pub const PCI: Bus = Bus {
    name: "pci",
    open: Device::open_pci,
};

impl PartialEq for Bus {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Bus {
    pub fn by_name(name: &str) -> Option<Self> {
        [PLATFORM, AMBA, PCI]
            .into_iter()
            .find(|bus| bus.name == name)
    }

    /// The bus of a device of which firmware tells.
    pub fn of_firmware(device: &str) -> Self {
        match firmware_bus(device) {
            "amba" => AMBA,
            _ => PLATFORM,
        }
    }

    /// The driver that a device is bound to.
    pub fn driver(self, device: &str) -> Option<String> {
        let link = fs::read_link(format!("/sys/bus/{}/devices/{device}/driver", self.name)).ok()?;

        Some(link.file_name()?.to_string_lossy().into_owned())
    }

    /// Binds the device to the driver that its override names.
    pub fn bind(self, device: &str, driver: &str) -> io::Result<()> {
        fs::write(self.attribute(driver, "bind"), device)
    }

    /// Unbinds the device; returns when that is done.
    pub fn unbind(self, device: &str, driver: &str) -> io::Result<()> {
        fs::write(self.attribute(driver, "unbind"), device)
    }

    /// Opens the device through its group.
    pub fn open(self, device: &str) -> io::Result<Device> {
        (self.open)(device)
    }

    fn attribute(self, driver: &str, name: &str) -> PathBuf {
        format!("/sys/bus/{}/drivers/{driver}/{name}", self.name).into()
    }
}
