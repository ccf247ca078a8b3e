// SPDX-License-Identifier: GPL-2.0

//! The cost of a match on an extended bus.
//!
//! The keyboard's serio port with one driver on its bus, which doesn't match it: a rescan asks once.

use crate::figure::{Figure, Limit, Step};
use crate::module::Module;
use crate::sysfs::Attribute;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

const BUS: &str = "/sys/bus/serio";
const PORT: &str = "serio0";
const EXTENSION: &str = "/sys/kernel/config/overdrive-buses/serio";

/// A match, on an extended bus and on one that isn't.
pub const MATCH: Figure = Figure {
    name: "match-on-extended-bus",
    machine: "q35",
    limit: Limit::More(150),
    repeat: 200,
    ours: || extended(None),
    peer: || loaded(true),
};

/// The same for a device with an override that names the driver: the bus is asked in the end.
///
/// This is the long way, and takes 441 instructions: the call is redirected, the override is compared
/// where a lock may be taken, and the bus's own function is called, which passes the redirect once more.
pub const MATCH_WITH_OVERRIDE: Figure = Figure {
    name: "match-with-override",
    machine: "q35",
    limit: Limit::More(450),
    repeat: 200,
    ours: || extended(Some("psmouse")),
    peer: || loaded(true),
};

/// A match while no bus is extended, with the module and without it.
pub const NO_EXTENSION: Figure = Figure {
    name: "match-without-extension",
    machine: "q35",
    limit: Limit::More(0),
    repeat: 200,
    ours: || loaded(true),
    peer: || loaded(false),
};

/// A bus that is extended for as long as this lives.
struct Extension(PathBuf);

impl Extension {
    fn new() -> Result<Self> {
        fs::create_dir(EXTENSION).context(EXTENSION)?;
        Ok(Self(EXTENSION.into()))
    }
}

impl Drop for Extension {
    fn drop(&mut self) {
        let undo = || {
            fs::write(override_of_port(), "\n")?;
            fs::remove_dir(&self.0)
        };

        if let Err(error) = undo() {
            eprintln!("{}: {error}", self.0.display());
        }
    }
}

fn override_of_port() -> PathBuf {
    Path::new(BUS)
        .join("devices")
        .join(PORT)
        .join("driver_override")
}

fn extended(driver: Option<&str>) -> Result<Step> {
    let overdrive = Module::load("overdrive")?;
    let extension = Extension::new()?;
    if let Some(driver) = driver {
        fs::write(override_of_port(), driver)?;
    }
    let mut rescan = rescan()?;

    Ok(Box::new(move || {
        // In the order in which the closure's captures are to be dropped.
        let _undo = (&extension, &overdrive);
        rescan()
    }))
}

fn loaded(with_overdrive: bool) -> Result<Step> {
    let overdrive = with_overdrive
        .then(|| Module::load("overdrive"))
        .transpose()?;
    let mut rescan = rescan()?;

    Ok(Box::new(move || {
        let _undo = &overdrive;
        rescan()
    }))
}

fn rescan() -> Result<Step> {
    let psmouse = Module::load("psmouse")?;
    // The mouse is probed in the background.
    thread::sleep(Duration::from_secs(2));
    let probe = Attribute::open(Path::new(BUS).join("drivers_probe"))?;

    Ok(Box::new(move || {
        let _undo = &psmouse;
        probe.write(PORT)
    }))
}
