// SPDX-License-Identifier: GPL-2.0

//! Moving many devices at once, whose probes sleep, and moving them one after the other.
//!
//! What is compared is time: there, one probe sleeps after the other; here, all at the same time.

use crate::figure::{Figure, Limit, Step};
use crate::machine;
use crate::module::Module;
use anyhow::Result;
use std::fmt::Write;
use std::fs;

pub const SLEEPING: Figure = Figure {
    name: "set-of-64-sleeping",
    machine: machine::PCI,
    limit: Limit::Ratio(0.05),
    repeat: 1,
    ours: all_at_once,
    peer: one_by_one,
};

const DEVICES: usize = 64;
const DRIVERS: [&str; 2] = ["test-sleep", "none"];

fn all_at_once() -> Result<Step> {
    let modules = [Module::load("overdrive")?, Module::load("overdrive_set")?];
    let lines = DRIVERS.map(|driver| {
        let mut line = format!("bind driver={driver}");

        for id in 0..DEVICES {
            let _ = write!(line, " platform/overdrive-set.{id}");
        }
        line
    });

    Ok(Box::new(move || {
        let _undo = &modules;
        for line in &lines {
            fs::write("/dev/overdrive", line)?;
        }
        Ok(())
    }))
}

fn one_by_one() -> Result<Step> {
    let modules = [Module::load("overdrive")?, Module::load("overdrive_set")?];

    Ok(Box::new(move || {
        let _undo = &modules;
        for driver in DRIVERS {
            for id in 0..DEVICES {
                let device = format!("/sys/bus/platform/devices/overdrive-set.{id}");

                fs::write(format!("{device}/overdrive/rebind"), driver)?;
            }
        }
        Ok(())
    }))
}
