// SPDX-License-Identifier: GPL-2.0

//! Slots: devices that a meta driver seizes, by address.

use std::io;

use overdrive_rules::{RuleText, Slot};

use crate::{
    failure::{Exit, Failure, Result, reason},
    modules,
    system::System,
};

const PLATFORM: &str = "platform/";

/// Returns the folder of the bus's meta driver, where the files of its slots are.
fn folder(system: &System, bus: &str) -> Result<String> {
    let driver = modules::parameter(system, &format!("{bus}_driver")).unwrap_or_default();
    let folder = format!("/sys/bus/{bus}/drivers/{driver}");
    if driver.is_empty() || !system.exists(&format!("{folder}/slots")) {
        return Err(Failure::new(
            Exit::NoModule,
            format!("there is no meta driver for the bus {bus}"),
        ));
    }
    Ok(folder)
}

/// Writes a slot, which is for PCI unless it begins with `platform/`, to one of the meta driver's files.
fn write(system: &System, file: &str, slot: &str) -> Result<io::Result<()>> {
    let (bus, place) = split(slot);
    let folder = folder(system, bus)?;
    Ok(system.write(&format!("{folder}/{file}"), place))
}

/// Returns the bus that a slot is for, and the rest.
fn split(slot: &str) -> (&'static str, &str) {
    match slot.strip_prefix(PLATFORM) {
        Some(place) => ("platform", place),
        None => ("pci", slot),
    }
}

fn failure(slot: &str, error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::NotFound {
        return Failure::new(Exit::NotFound, format!("there is no slot {slot}"));
    }
    Failure::new(Exit::Failed, format!("slot {slot}: {}", reason(error)))
}

/// Makes a slot.
pub fn add(system: &System, slot: &str) -> Result {
    write(system, "new_slot", slot)?.map_err(|error| failure(slot, &error))
}

/// Has the meta driver take a device of a slot, which has no driver.
pub fn bind(system: &System, slot: &str, device: &str) -> Result {
    let (bus, _) = split(slot);
    let folder = folder(system, bus)?;
    system
        .write(&format!("{folder}/bind"), device)
        .map_err(|error| Failure::new(Exit::Failed, format!("{device}: {}", reason(&error))))
}

/// Removes a slot.
pub fn remove(system: &System, slot: &str) -> Result {
    write(system, "remove_slot", slot)?.map_err(|error| failure(slot, &error))
}

/// Returns all slots as [`add`] takes them.
pub fn all(system: &System) -> Vec<String> {
    let mut slots = Vec::new();
    for (bus, prefix) in [("pci", ""), ("platform", PLATFORM)] {
        let Ok(folder) = folder(system, bus) else {
            continue;
        };
        let text = system.text(&format!("{folder}/slots")).unwrap_or_default();
        slots.extend(text.lines().map(|line| format!("{prefix}{line}")));
    }
    slots
}

/// Returns the bus of a slot and the pattern of the names of its devices.
fn parse(text: &str) -> std::result::Result<Slot, String> {
    let (bus, place) = split(text);
    if text.contains(" #") || text.contains("\t#") {
        return Err("a comment has a line of its own".to_owned());
    }
    Slot::parse(bus, place).map_err(|error| format!("'{text}' is no slot: {error}"))
}

/// Returns a slot in the form in which the kernel lists it.
///
/// # Errors
///
/// The reason, for a sentence of its own.
pub fn canonical(text: &str) -> std::result::Result<String, String> {
    let slot = parse(text)?;
    Ok(if slot.bus == "pci" {
        slot.device
    } else {
        format!("{PLATFORM}{}", slot.device)
    })
}

/// Returns the rule that a slot is.
///
/// # Errors
///
/// The reason, for a sentence of its own.
pub fn as_rule(system: &System, text: &str) -> std::result::Result<RuleText, String> {
    let slot = parse(text)?;
    let driver = modules::parameter(system, &format!("{}_driver", slot.bus))
        .unwrap_or_else(|| default_driver(slot.bus).to_owned());
    let mut rule = RuleText::new(&format!("slot {text}"));
    for (key, text) in [
        ("bus", slot.bus),
        ("device", &slot.device),
        ("driver", &driver),
    ] {
        rule.set(key, text).map_err(|error| error.to_string())?;
    }
    Ok(rule)
}

fn default_driver(bus: &str) -> &'static str {
    if bus == "pci" {
        "vfio-meta"
    } else {
        "vfio-platform"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_an_address_with_stars_or_a_platform_device() {
        for (text, canonical_text) in [
            ("0000:65:00.0", "0000:65:00.0"),
            ("65:*.*", "0000:65:*.*"),
            ("0000:65:1F.*", "0000:65:1f.*"),
            ("platform/serial8250", "platform/serial8250"),
        ] {
            assert_eq!(canonical(text).as_deref(), Ok(canonical_text));
        }
        for bad in [
            "0000:65:00.0  # gpu",
            "0000:01:04.d",
            "65:0*.1",
            "platform/",
            "*:00.0",
            "eth0",
        ] {
            assert!(canonical(bad).is_err(), "{bad}");
        }
    }
}
