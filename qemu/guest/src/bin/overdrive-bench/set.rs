// SPDX-License-Identifier: GPL-2.0

//! Moving many devices at once, whose probes sleep, and moving them one after the other.
//!
//! What is compared is time: there, one probe sleeps after the other; here, all at the same time.

use crate::figure::{Figure, Limit, Step};
use crate::machine;
use crate::module::Module;
use crate::sysfs;
use anyhow::{Result, ensure};
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

/// Four network cards and four NVMe controllers, to userspace and back: the time that a person waits.
pub const DEVICES: Figure = Figure {
    name: "set-of-8-devices",
    machine: machine::SET,
    // 0.55 when it was set. Controllers and cards are reset side by side on the way to userspace; the
    // kernel's own drivers get them one after the other.
    limit: Limit::Ratio(0.65),
    repeat: 2,
    ours: devices_at_once,
    peer: devices_one_by_one,
};

const SLEEPERS: usize = 64;
const DRIVERS: [&str; 2] = ["test-sleep", "none"];

fn all_at_once() -> Result<Step> {
    let modules = [Module::load("overdrive")?, Module::load("overdrive_set")?];
    let lines = DRIVERS.map(|driver| {
        let mut line = format!("bind driver={driver}");

        for id in 0..SLEEPERS {
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
            for id in 0..SLEEPERS {
                let device = format!("/sys/bus/platform/devices/overdrive-set.{id}");

                fs::write(format!("{device}/overdrive/rebind"), driver)?;
            }
        }
        Ok(())
    }))
}

const WAYS: [&str; 2] = ["vfio-meta", "standard"];

fn devices() -> Result<Vec<String>> {
    let mut devices = sysfs::pci_devices(0x8086, 0x10d3)?;
    devices.extend(sysfs::pci_devices(0x1b36, 0x0010)?);
    ensure!(devices.len() == 8, "{} devices", devices.len());
    Ok(devices)
}

/// Returns the line for `/dev/overdrive` that moves these devices.
fn line(driver: &str, devices: &[String]) -> String {
    let mut line = format!("bind driver={driver}");
    for device in devices {
        let _ = write!(line, " pci/{device}");
    }
    line
}

fn devices_at_once() -> Result<Step> {
    let module = Module::load("overdrive")?;
    let devices = devices()?;

    Ok(Box::new(move || {
        let _undo = &module;
        for driver in WAYS {
            fs::write("/dev/overdrive", line(driver, &devices))?;
        }
        Ok(())
    }))
}

fn devices_one_by_one() -> Result<Step> {
    let module = Module::load("overdrive")?;
    let devices = devices()?;

    Ok(Box::new(move || {
        let _undo = &module;
        for driver in WAYS {
            for device in devices.chunks(1) {
                fs::write("/dev/overdrive", line(driver, device))?;
            }
        }
        Ok(())
    }))
}
