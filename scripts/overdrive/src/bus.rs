// SPDX-License-Identifier: GPL-2.0

//! Buses that get `driver_override` from the module, because the kernel leaves them without.

use std::fmt;

use crate::{failure::reason, modules, system::System};

/// The folder of the buses that can be extended and taken back while the module is loaded.
pub const BUSES: &str = "/sys/kernel/config/overdrive-buses";

/// The devices that can have the driver that their override names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Those that the driver matches.
    #[default]
    Restrict,
    /// All.
    Force,
}

impl Scope {
    /// Returns the scope of a word.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "restrict" => Some(Self::Restrict),
            "force" => Some(Self::Force),
            _ => None,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Restrict => "restrict",
            Self::Force => "force",
        })
    }
}

/// Returns the buses that are extended, with their scopes.
pub fn extended(system: &System) -> Vec<(String, Scope)> {
    let mut buses = Vec::new();
    for word in modules::parameter(system, "buses")
        .unwrap_or_default()
        .split(',')
        .filter(|word| !word.is_empty())
    {
        let (name, scope) = word.split_once(':').unwrap_or((word, ""));
        buses.push((name.to_owned(), Scope::parse(scope).unwrap_or_default()));
    }
    for name in system.list(BUSES) {
        let folder = format!("{BUSES}/{name}");
        if system.is_dir(&folder) {
            let scope = Scope::parse(&system.line(&format!("{folder}/scope")));
            buses.push((name, scope.unwrap_or_default()));
        }
    }
    buses
}

/// Buses whose devices have `driver_override` from the kernel, for when there is no device to see it by.
const NATIVE: &[&str] = &[
    "amba", "ap", "cdx", "css", "fsl-mc", "pci", "platform", "rpmsg", "vdpa", "vmbus",
];

/// Returns `true` if the bus's devices have `driver_override` from the kernel.
pub fn is_native(system: &System, bus: &str) -> bool {
    let folder = format!("/sys/bus/{bus}/devices");
    match system.list(&folder).first() {
        Some(name) => system.exists(&format!("{folder}/{name}/driver_override")),
        None => NATIVE.contains(&bus),
    }
}

/// Extends a bus: completely, or not at all.
///
/// # Errors
///
/// The reason, for the end of a sentence.
pub fn extend(system: &System, name: &str, scope: Option<Scope>) -> Result<(), String> {
    let folder = format!("{BUSES}/{name}");
    system.mkdir(&folder).map_err(|error| reason(&error))?;
    let Some(scope) = scope else {
        return Ok(());
    };
    system
        .write(&format!("{folder}/scope"), &scope.to_string())
        .map_err(|error| {
            // A folder that was just made can be removed.
            let _ = system.rmdir(&folder);
            reason(&error)
        })
}

/// Buses that are modules, as far as they are known, and their modules.
const BUS_MODULES: &[(&str, &str)] = &[
    ("hid", "hid"),
    ("i2c", "i2c-core"),
    ("mmc", "mmc_core"),
    ("scsi", "scsi_mod"),
    ("sdio", "mmc_core"),
    ("usb", "usbcore"),
    ("usb-serial", "usbserial"),
];

/// Returns the module that brings a bus, where it is not built in.
pub fn module(bus: &str) -> &str {
    BUS_MODULES
        .iter()
        .find(|(name, _)| *name == bus)
        .map_or(bus, |(_, module)| module)
}

/// Returns `true` for the name of a bus that may be a module which is not loaded yet.
pub fn is_known(name: &str) -> bool {
    BUS_MODULES.iter().any(|(its, _)| *its == name)
}
