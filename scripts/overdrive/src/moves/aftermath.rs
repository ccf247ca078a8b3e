// SPDX-License-Identifier: GPL-2.0

//! Remarks after a device was given back to its standard driver.

use super::Target;
use crate::{
    device::Device,
    failure::{Exit, Failure, Result},
    modules::{self, alias},
    system::System,
};

/// Fails if a device that was given back does not have the driver that is for it.
///
/// The kernel calls it a success when no driver takes a device, or when one takes it whose list of IDs somebody added
/// to.
pub(super) fn check(system: &System, members: &[Device], target: &Target) -> Result {
    if *target != Target::Standard {
        return Ok(());
    }
    let lines: Vec<String> = members
        .iter()
        .filter_map(|device| trouble(system, device))
        .collect();
    if lines.is_empty() {
        return Ok(());
    }
    Err(Failure {
        exit: Exit::Failed,
        lines,
    })
}

fn trouble(system: &System, device: &Device) -> Option<String> {
    let modalias = device.modalias(system)?;
    let known = alias::modules_for(system, &modalias);
    let first = known.first()?;
    let name = &device.name;
    let Some(driver) = &device.driver else {
        return Some(if modules::is_loaded(system, first) {
            format!("{name} has no driver: that of the module {first} did not take it")
        } else {
            format!("{name} has no driver: the module {first} could not be loaded")
        });
    };
    let module = system.link_name(&device.file("driver/module"))?;
    if known.iter().any(|one| modules::canonical(one) == module) || device.bus != "pci" {
        return None;
    }
    let id = |file: &str| {
        system
            .line(&device.file(file))
            .trim_start_matches("0x")
            .to_owned()
    };
    Some(format!(
        "{driver} still has {name}, which is for the module {first}: somebody wrote its ID to new_id. \
         echo {} {} > /sys/bus/pci/drivers/{driver}/remove_id takes that back",
        id("vendor"),
        id("device")
    ))
}
