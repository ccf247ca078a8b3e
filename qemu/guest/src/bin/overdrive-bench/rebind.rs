// SPDX-License-Identifier: GPL-2.0

//! Moving a device to another driver and back: in one write each, and in the three that it replaces.

use crate::figure::{Figure, Limit, Step};
use crate::module::Module;
use crate::sysfs::{self, Attribute};
use anyhow::{Context, Result};

pub const FIGURE: Figure = Figure {
    name: "rebind-against-three-writes",
    machine: "q35",
    limit: Limit::Ratio(1.00),
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

    fn file(&self, name: &str) -> Result<Attribute> {
        Attribute::open(sysfs::pci_device(&self.0).join(name))
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        let undo = || self.file("overdrive/rebind")?.write("\n");

        if let Err(error) = undo() {
            eprintln!("{error:#}");
        }
    }
}

fn ours() -> Result<Step> {
    let modules = [Module::load("overdrive")?, Module::load("pci-stub")?];
    let device = Device::new()?;
    let rebind = device.file("overdrive/rebind")?;

    Ok(Box::new(move || {
        let _undo = (&device, &modules);
        DRIVERS.iter().try_for_each(|driver| rebind.write(driver))
    }))
}

fn peer() -> Result<Step> {
    let modules = [Module::load("overdrive")?, Module::load("pci-stub")?];
    let device = Device::new()?;
    let over = device.file("driver_override")?;
    let probe = Attribute::open("/sys/bus/pci/drivers_probe")?;
    let [ours, stub] =
        DRIVERS.map(|driver| Attribute::open(format!("/sys/bus/pci/drivers/{driver}/unbind")));
    let unbind = [ours?, stub?];

    // Bound to the second, as after each step.
    device.file("overdrive/rebind")?.write(DRIVERS[1])?;
    Ok(Box::new(move || {
        let _undo = (&device, &modules);
        for (driver, unbind) in DRIVERS.iter().zip(unbind.iter().rev()) {
            over.write(driver)?;
            unbind.write(&device.0)?;
            probe.write(&device.0)?;
        }
        Ok(())
    }))
}
