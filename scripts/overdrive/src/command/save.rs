// SPDX-License-Identifier: GPL-2.0

//! `save`: writes what is in force to the folder of what is saved.

use overdrive_rules::RuleText;

use crate::{
    args, bus,
    failure::{Exit, Failure, Result},
    output, policy,
    rule::{self, configfs, parameter},
    slot,
    store::{Store, boot},
    system::System,
    users::Users,
};

/// Runs the command.
pub(super) fn run(system: &System, args: &args::Save) -> Result {
    configfs::require_module(system)?;
    let store = Store::new(system);
    if !args.rules.is_empty() {
        for name in &args.rules {
            rule::check_name(name)?;
            if !configfs::exists(system, name) {
                return Err(Failure::new(
                    Exit::NotFound,
                    format!("there is no rule {name}"),
                ));
            }
        }
    }
    let rules: Vec<RuleText> = match args.rules.as_slice() {
        [] => configfs::all(system)
            .into_iter()
            .filter(|made| made.enabled)
            .map(|made| made.rule)
            .collect(),
        names => names
            .iter()
            .map(|name| configfs::read(system, name).rule)
            .collect(),
    };
    if !args.force {
        refuse_vital(system, &store, &rules, args.rules.is_empty())?;
    }
    let saved = store.read();
    for rule in &rules {
        output::print(store.write_rule(rule, saved.trial(&rule.name))?);
    }
    if !args.rules.is_empty() {
        tell_images(system);
        return Ok(());
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
    tell_images(system);
    Ok(())
}

/// Refuses what would take from the next boot what it needs, before anything is written.
fn refuse_vital(
    system: &System,
    store: &Store<'_>,
    rules: &[RuleText],
    with_slots: bool,
) -> Result {
    let mut saved = store.read();
    let users = Users::new(system);
    let slots = match with_slots {
        true => slot::all(system),
        false => Vec::new(),
    };
    let slots: Vec<RuleText> = slots
        .iter()
        .filter_map(|slot| slot::as_rule(system, slot).ok())
        .collect();
    if with_slots {
        saved.slots.clear();
    }
    let mut taken = Vec::new();
    for rule in rules.iter().chain(&slots) {
        taken.extend(policy::taken_at_boot(system, &saved, rule));
    }
    users.refuse_vital(taken.iter().map(|one| &one.device))
}

fn tell_images(system: &System) {
    if let Some(advice) = boot::advice(system) {
        output::say(advice);
    }
}
