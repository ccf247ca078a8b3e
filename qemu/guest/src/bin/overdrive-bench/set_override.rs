// SPDX-License-Identifier: GPL-2.0

//! Setting and clearing an override, with overdrive loaded and without it.
//!
//! PCI's `driver_override` is the kernel's own: overdrive must not make it any slower.

use crate::figure::{Figure, Limit, Step};
use crate::machine;
use crate::module::Module;
use crate::sysfs::{self, Attribute};
use anyhow::{Context, Result};

pub const FIGURE: Figure = Figure {
    name: "override-set-clear",
    machine: machine::PCI,
    limit: Limit::Ratio(1.01),
    repeat: 200,
    ours: || {
        let module = Module::load("overdrive")?;
        let mut step = set_and_clear()?;
        Ok(Box::new(move || {
            let _loaded = &module;
            step()
        }))
    },
    peer: set_and_clear,
};

fn set_and_clear() -> Result<Step> {
    let edu = sysfs::pci_devices(0x1234, 0x11e8)?;
    let edu = edu.first().context("no edu device")?;
    let attribute = Attribute::open(sysfs::pci_device(edu).join("driver_override"))?;

    Ok(Box::new(move || {
        attribute.write("none\n")?;
        attribute.write("\n")
    }))
}
