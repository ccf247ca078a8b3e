// SPDX-License-Identifier: GPL-2.0

//! Slots: devices that a meta driver seizes, by address.

use std::io;

use crate::{
    device::pci_address::PciAddress,
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
    let (bus, place) = match slot.strip_prefix(PLATFORM) {
        Some(place) => ("platform", place),
        None => ("pci", slot),
    };
    let folder = folder(system, bus)?;
    Ok(system.write(&format!("{folder}/{file}"), place))
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

/// Returns what is wrong with a slot's text.
pub fn check(text: &str) -> Option<String> {
    if text.contains(|c: char| c.is_whitespace() || c == '#') {
        return Some(format!(
            "'{text}' is no slot; a comment has a line of its own"
        ));
    }
    if let Some(name) = text.strip_prefix(PLATFORM) {
        return name
            .is_empty()
            .then(|| "the name of a platform device is empty".to_owned());
    }
    // A star stands for any number; 0 is one that every part can have.
    let is_slot = text.rsplit_once(':').is_some_and(|(bus, place)| {
        PciAddress::parse(&format!("{bus}:{}", place.replace('*', "0"))).is_some()
            && place
                .split('.')
                .all(|part| part == "*" || !part.contains('*'))
    });
    (!is_slot).then(|| {
        format!("'{text}' is no slot: [DDDD:]BB:SS.F, where SS and F can be *, or platform/NAME")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_an_address_with_stars_or_a_platform_device() {
        for good in [
            "0000:65:00.0",
            "65:*.*",
            "0000:65:00.*",
            "platform/serial8250",
        ] {
            assert_eq!(check(good), None, "{good}");
        }
        for bad in [
            "0000:65:00.0  # gpu",
            "0000:01:04.d",
            "65:0*.1",
            "platform/",
            "*:00.0",
            "eth0",
        ] {
            assert!(check(bad).is_some(), "{bad}");
        }
    }
}
