// SPDX-License-Identifier: GPL-2.0

//! The driver that a person means, and the module that brings it.

use crate::{
    failure::{Exit, Failure, Result},
    modules::{self, alias},
    output,
    system::System,
};

/// Words that stand where a driver's name does, and are none.
pub fn is_word(name: &str) -> bool {
    name.is_empty() || name == "none" || name.starts_with('@')
}

/// Returns `true` if the bus has the driver.
pub fn exists(system: &System, bus: &str, name: &str) -> bool {
    system.exists(&format!("/sys/bus/{bus}/drivers/{name}"))
}

/// Returns `true` if any bus has the driver.
pub fn exists_anywhere(system: &System, name: &str) -> bool {
    crate::device::all_buses(system)
        .iter()
        .any(|bus| exists(system, bus, name))
}

/// Returns the drivers that a loaded module has on a bus.
pub fn of_module(system: &System, module: &str, bus: &str) -> Vec<String> {
    let folder = format!("/sys/module/{}/drivers", modules::canonical(module));
    let prefix = format!("{bus}:");
    system
        .list(&folder)
        .into_iter()
        .filter_map(|name| name.strip_prefix(&prefix).map(str::to_owned))
        .collect()
}

/// Returns the name of the driver of the bus that `name` means, which is a driver's name or a module's. Its module is
/// loaded, if need be.
pub fn require(system: &System, bus: &str, name: &str) -> Result<String> {
    if is_word(name) || exists(system, bus, name) {
        return Ok(name.to_owned());
    }
    let loaded = modules::load(system, name, &[]);
    if exists(system, bus, name) {
        return Ok(name.to_owned());
    }
    let drivers = of_module(system, name, bus);
    if let (true, Some(driver)) = (drivers.is_empty(), spelled_otherwise(system, bus, name)) {
        output::say(format!("{name} means the driver {driver}"));
        return Ok(driver);
    }
    match drivers.as_slice() {
        [driver] => {
            output::say(format!("the driver of the module {name} is {driver}"));
            Ok(driver.clone())
        }
        [] => Err(Failure::new(
            Exit::NotFound,
            match loaded {
                Ok(()) => format!(
                    "the bus {bus} has no driver {name}, and the module of that name brings none"
                ),
                Err(_) => {
                    format!(
                        "the bus {bus} has no driver {name}, and no module of that name brings one"
                    )
                }
            },
        )),
        several => Err(Failure::new(
            Exit::NotFound,
            format!(
                "the module {name} has several drivers on the bus {bus}: say which of {}",
                several.join(", ")
            ),
        )),
    }
}

/// Returns the one driver of the bus whose name differs from `name` only in case, or by `-` for `_`.
fn spelled_otherwise(system: &System, bus: &str, name: &str) -> Option<String> {
    let plain = |name: &str| name.replace('_', "-").to_ascii_lowercase();
    let mut drivers = system.list(&format!("/sys/bus/{bus}/drivers"));
    drivers.retain(|driver| plain(driver) == plain(name));
    match drivers.as_slice() {
        [_] => drivers.pop(),
        _ => None,
    }
}

/// Returns the only driver that a module, which is loaded, has on a bus.
pub fn only_one(system: &System, module: &str, bus: &str) -> Result<String> {
    let mut drivers = of_module(system, module, bus);
    if drivers.len() > 1 {
        return Err(Failure::new(
            Exit::Failed,
            format!("the module {module} has several drivers on the bus {bus}"),
        ));
    }
    drivers.pop().ok_or_else(|| {
        Failure::new(
            Exit::NotFound,
            format!("the module {module} has no driver on the bus {bus}"),
        )
    })
}

/// Returns the driver that `name` means on any bus, or on the given one; its module is loaded, if need be. `None` if
/// there is no such driver.
pub fn find_anywhere(system: &System, bus: &str, name: &str) -> Option<String> {
    if let Some(known) = exactly(system, bus, name) {
        return Some(known);
    }
    // What was not loaded is not found below.
    let _ = modules::load(system, name, &[]);
    find_here(system, bus, name)
}

/// Returns the same without loading anything.
pub fn find_here(system: &System, bus: &str, name: &str) -> Option<String> {
    if let Some(known) = exactly(system, bus, name) {
        return Some(known);
    }
    let folder = format!("/sys/module/{}/drivers", modules::canonical(name));
    let mut drivers: Vec<String> = system
        .list(&folder)
        .iter()
        .filter_map(|entry| entry.split_once(':'))
        .filter(|(its, _)| bus.is_empty() || *its == bus)
        .map(|(_, driver)| driver.to_owned())
        .collect();
    drivers.sort();
    drivers.dedup();
    if drivers.is_empty() {
        let buses = match bus {
            "" => crate::device::all_buses(system),
            bus => vec![bus.to_owned()],
        };
        return buses
            .iter()
            .find_map(|bus| spelled_otherwise(system, bus, name));
    }
    match drivers.len() {
        1 => drivers.pop(),
        _ => None,
    }
}

/// Returns `name` if it is a word that stands for a driver, or the name of one on any bus, or on the given one.
fn exactly(system: &System, bus: &str, name: &str) -> Option<String> {
    let is_there = match bus {
        "" => exists_anywhere(system, name),
        bus => exists(system, bus, name),
    };
    (is_word(name) || is_there).then(|| name.to_owned())
}

/// Returns `true` if modprobe knows a module of the driver's name, so that the driver can come yet, or if nothing tells
/// which modules there are.
pub fn is_loadable(system: &System, name: &str) -> bool {
    !system.exists(&format!("{}/modules.dep", modules::folder(system)))
        || modules::installed_file(system, name).is_some()
        || alias::with_prefix(system, name)
            .iter()
            .any(|alias| alias.pattern == name)
}

/// Returns the sentence that a driver is not there.
pub fn absence(name: &str) -> String {
    format!("no bus has the driver {name}, and no module of that name brings it")
}
