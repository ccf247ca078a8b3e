// SPDX-License-Identifier: GPL-2.0

//! `save`: writes what is in force to the folder of what is saved.

use crate::{
    args, bus,
    failure::{Exit, Failure, Result},
    output,
    rule::{configfs, parameter},
    slot,
    store::{Store, boot},
    system::System,
};

/// Runs the command.
pub(super) fn run(system: &System, args: &args::Save) -> Result {
    configfs::require_module(system)?;
    let store = Store::new(system);
    if !args.rules.is_empty() {
        for name in &args.rules {
            if !configfs::exists(system, name) {
                return Err(Failure::new(
                    Exit::NotFound,
                    format!("there is no rule {name}"),
                ));
            }
            output::print(store.write_rule(&configfs::read(system, name).rule)?);
        }
        return Ok(());
    }
    for made in configfs::all(system).iter().filter(|made| made.enabled) {
        output::print(store.write_rule(&made.rule)?);
    }
    let lists = [
        store.write_slots(&slot::all(system))?,
        store.write_buses(&bus::extended(system))?,
    ];
    for file in lists.into_iter().flatten() {
        output::print(file);
    }
    for entry in store.read().rules {
        let name = &entry.value.name;
        if !configfs::exists(system, name) && !parameter::has(system, name) {
            output::say(format!(
                "{} stays, but there is no rule {name} now; rule del --save {name} removes it",
                entry.file
            ));
        }
    }
    if let Some(advice) = boot::advice(system) {
        output::say(advice);
    }
    Ok(())
}
