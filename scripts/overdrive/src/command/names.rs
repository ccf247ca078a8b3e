// SPDX-License-Identifier: GPL-2.0

//! `names`: all words of a kind, for the completions of shells.

use super::list;
use crate::{
    args::{self, NameKind, Show},
    bus,
    device::{all_buses, carried::Carried},
    failure::Result,
    output,
    rule::configfs,
    slot,
    store::Store,
    system::System,
};

/// Runs the command.
pub(super) fn run(system: &System, args: &args::Names) -> Result {
    let mut names = match args.kind {
        NameKind::Devices => devices(system)?,
        NameKind::Drivers => drivers(system),
        NameKind::Rules => rules(system),
        NameKind::Slots => slot::all(system),
        NameKind::Buses => all_buses(system),
        NameKind::Extended => bus::extended(system)
            .into_iter()
            .map(|(name, _)| name)
            .collect(),
    };
    names.sort();
    names.dedup();
    output::print_text(
        &names
            .iter()
            .map(|name| format!("{name}\n"))
            .collect::<String>(),
    );
    Ok(())
}

/// Returns the names of devices that could get another driver, and of the interfaces and disks that they carry.
fn devices(system: &System) -> Result<Vec<String>> {
    let carried = Carried::survey(system);
    let show = Show {
        all: false,
        bus: Vec::new(),
        json: false,
    };
    let mut names = Vec::new();
    for device in list::devices(system, &show)? {
        names.extend(carried.names(system, &device));
        names.push(device.name);
    }
    Ok(names)
}

fn drivers(system: &System) -> Vec<String> {
    let mut names = vec!["none".to_owned()];
    for bus in all_buses(system) {
        names.extend(system.list(&format!("/sys/bus/{bus}/drivers")));
    }
    // A shell would take them for several words.
    names.retain(|name| !name.contains(char::is_whitespace));
    names
}

fn rules(system: &System) -> Vec<String> {
    let made = configfs::all(system).into_iter().map(|made| made.rule.name);
    let saved = Store::new(system).read().rules;
    made.chain(saved.into_iter().map(|entry| entry.value.name))
        .collect()
}
