// SPDX-License-Identifier: GPL-2.0

//! Binding and unbinding a device, by the meta driver and by vfio-pci.
//!
//! The module is loaded for both: to follow the device costs the same whichever driver it has, and
//! `hot-add-without-rules` measures that.

use crate::figure::{Figure, Limit, Step};
use crate::machine;
use crate::module::Module;
use crate::sysfs::{self, Attribute};
use anyhow::{Context, Result};

pub const FIGURE: Figure = Figure {
    name: "bind-unbind-edu",
    machine: machine::PCI,
    // Each varies by one part in a hundred with what ran before.
    limit: Limit::Ratio(1.02),
    repeat: 50,
    ours: || bind_and_unbind(&["overdrive"], "vfio-meta"),
    peer: || bind_and_unbind(&["overdrive", "vfio-pci"], "vfio-pci"),
};

/// An override that is cleared in the end.
struct Override(Attribute);

impl Drop for Override {
    fn drop(&mut self) {
        if let Err(error) = self.0.write("\n") {
            eprintln!("{error:#}");
        }
    }
}

fn bind_and_unbind(modules: &[&'static str], driver: &'static str) -> Result<Step> {
    let loaded = modules
        .iter()
        .map(|name| Module::load(name))
        .collect::<Result<Vec<_>>>()?;
    let edu = sysfs::pci_devices(0x1234, 0x11e8)?;
    let edu = edu.first().context("no edu device")?.clone();
    let over = Override(Attribute::open(
        sysfs::pci_device(&edu).join("driver_override"),
    )?);
    over.0.write(&format!("{driver}\n"))?;

    let driver = format!("/sys/bus/pci/drivers/{driver}");
    let bind = Attribute::open(format!("{driver}/bind"))?;
    let unbind = Attribute::open(format!("{driver}/unbind"))?;

    Ok(Box::new(move || {
        // In the order in which the closure's captures are to be dropped.
        let _undo = (&over, &loaded);
        bind.write(&edu)?;
        unbind.write(&edu)
    }))
}
