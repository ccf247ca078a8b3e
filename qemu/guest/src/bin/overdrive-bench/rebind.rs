// SPDX-License-Identifier: GPL-2.0

//! Moving a device to another driver and back: in one write each, and in the three that it replaces.
//!
//! A write is what `echo TEXT > FILE` does: open, write, close.

use crate::figure::{Figure, Limit, Step};
use crate::machine;
use crate::module::Module;
use crate::sysfs;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

pub const FIGURE: Figure = Figure {
    name: "rebind-against-three-writes",
    machine: machine::PCI,
    // Each varies by one part in a hundred with what ran before.
    limit: Limit::Ratio(1.01),
    repeat: 50,
    ours,
    peer,
};

const DRIVERS: [&str; 2] = ["vfio-meta", "pci-stub"];

/// A device that is without a driver and an override in the end.
struct Device(String);

impl Device {
    fn new() -> Result<Self> {
        let edu = sysfs::pci_devices(0x1234, 0x11e8)?;
        Ok(Self(edu.first().context("no edu device")?.clone()))
    }

    fn file(&self, name: &str) -> PathBuf {
        sysfs::pci_device(&self.0).join(name)
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        if let Err(error) = fs::write(self.file("overdrive/rebind"), "\n") {
            eprintln!("{error}");
        }
    }
}

fn ours() -> Result<Step> {
    let modules = [Module::load("overdrive")?, Module::load("pci-stub")?];
    let device = Device::new()?;
    let rebind = device.file("overdrive/rebind");

    Ok(Box::new(move || {
        let _undo = (&device, &modules);
        for driver in DRIVERS {
            fs::write(&rebind, driver)?;
        }
        Ok(())
    }))
}

fn peer() -> Result<Step> {
    let modules = [Module::load("overdrive")?, Module::load("pci-stub")?];
    let device = Device::new()?;
    let over = device.file("driver_override");
    let unbind = device.file("driver/unbind");
    let probe = Path::new("/sys/bus/pci/drivers_probe");

    // Bound to the second, as after each step.
    fs::write(device.file("overdrive/rebind"), DRIVERS[1])?;
    Ok(Box::new(move || {
        let _undo = (&device, &modules);
        for driver in DRIVERS {
            fs::write(&over, driver)?;
            fs::write(&unbind, &device.0)?;
            fs::write(probe, &device.0)?;
        }
        Ok(())
    }))
}
