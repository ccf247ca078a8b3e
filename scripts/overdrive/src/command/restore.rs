// SPDX-License-Identifier: GPL-2.0

//! `restore`: puts in force what is saved, each entry for itself.

use std::cell::OnceCell;

use overdrive_rules::RuleText;
use serde::Serialize;

use crate::{
    args,
    boot_trial::{self, State},
    bus,
    device::Device,
    failure::{Exit, Failure, Result, reason},
    modules::{self, driver},
    output::{self, json},
    policy::{self, Targets},
    rule::{self, bus_needed, configfs, parameter},
    slot,
    store::{Entry, Saved, Store, boot, parameters},
    system::System,
    users::Users,
};

/// Runs the command.
pub(super) fn run(system: &System, args: &args::Restore) -> Result {
    let saved = Store::new(system).read();
    let mut report = Report::default();
    for problem in &saved.problems {
        report.trouble(problem.to_string());
    }
    if args.print {
        print(&saved);
        return report.end(false);
    }
    if args.modules {
        for module in boot::modules(system, &saved) {
            output::print(module);
        }
        return report.end(false);
    }
    load(system, &mut report)?;
    configfs::require_module(system)?;
    buses(system, &saved, &mut report);
    let here = OnceCell::new();
    for entry in &saved.rules {
        if let Some(why) = boot_trial::refusal(system, &saved, entry) {
            report.trouble(why);
            if let Err(failure) = boot_trial::note_failure(system, &entry.value.name) {
                report.trouble(failure.lines.join("; "));
            }
            continue;
        }
        let rule = with_driver(system, entry, &mut report);
        restore_rule(system, entry, &rule, &here, args.force, &mut report);
        try_rule(system, &saved, entry, &mut report);
    }
    slots(system, &saved, args.force, &mut report);
    report.end(args.json)
}

/// The counts of what was done, and of what could not be.
#[derive(Debug, Default, Serialize)]
struct Report {
    changed: bool,
    /// Rules, slots and buses that were put in force.
    done: Vec<String>,
    problems: Vec<String>,
    /// Devices that keep their driver because they are in use.
    refused: Vec<String>,
}

impl Report {
    fn did(&mut self, what: String) {
        self.changed = true;
        self.done.push(what);
    }

    fn trouble(&mut self, text: impl Into<String>) {
        let text = text.into();
        output::say(&text);
        self.problems.push(text);
    }

    fn end(self, as_json: bool) -> Result {
        if as_json {
            json::print_json(&self);
        }
        if !self.refused.is_empty() {
            return Err(Failure::new(
                Exit::InUse,
                "devices in use have kept their drivers; --force takes them all the same",
            ));
        }
        if !self.problems.is_empty() {
            return Err(Failure::silent(Exit::Failed));
        }
        Ok(())
    }
}

/// Prints the line for modprobe.d, where a backslash has a meaning of its own.
fn print(saved: &Saved) {
    let words: Vec<String> = parameters(saved)
        .into_iter()
        .map(|(name, text)| format!(" {name}={text}"))
        .collect();
    if !words.is_empty() {
        output::print(format!("options overdrive{}", words.concat()).replace('\\', "\\\\"));
    }
}

/// Loads the module without any parameter: what is made in configfs can be changed and removed as long as it is loaded.
fn load(system: &System, report: &mut Report) -> Result {
    if modules::is_overdrive_loaded(system) {
        return Ok(());
    }
    modules::load(system, "overdrive", &[]).map_err(|error| {
        Failure::new(
            Exit::NoModule,
            format!("the module overdrive can not be loaded: {}", reason(&error)),
        )
    })?;
    report.did("module overdrive".to_owned());
    Ok(())
}

/// Extends the buses that are saved, and those that rules are for.
fn buses(system: &System, saved: &Saved, report: &mut Report) {
    let mut wanted: Vec<(String, Option<bus::Scope>, String)> = saved
        .buses
        .iter()
        .map(|entry| {
            let (name, scope) = &entry.value;
            (name.clone(), Some(*scope), entry.problem("").to_string())
        })
        .collect();
    for entry in &saved.rules {
        let Some(name) = bus_needed::of(system, &entry.value) else {
            continue;
        };
        let is_listed = wanted.iter().any(|(its, ..)| *its == name);
        if !is_listed && !bus::is_native(system, &name) {
            wanted.push((name, None, entry.problem("").to_string()));
        }
    }
    for (name, scope, place) in wanted {
        if bus::extended(system).iter().any(|(its, _)| *its == name) {
            continue;
        }
        if !system.is_dir(&format!("/sys/bus/{name}")) {
            // If that fails, extending the bus tells it.
            let _ = modules::load(system, boot::bus_module(&name), &[]);
        }
        match bus::extend(system, &name, scope) {
            Ok(()) => report.did(format!("bus {name}")),
            Err(why) => report.trouble(format!("{place}{name}: {why}")),
        }
    }
}

/// Loads the driver that a rule names, and returns the rule with the driver's own name: a device whose override names a
/// driver that is not there has none.
fn with_driver(system: &System, entry: &Entry<RuleText>, report: &mut Report) -> RuleText {
    let mut rule = rule::copy(&entry.value);
    let (name, bus) = (entry.value.driver(), entry.value.get("bus"));
    match driver::find_anywhere(system, bus, name) {
        Some(own) if own == name => {}
        Some(own) => {
            output::say(
                entry
                    .problem(format!("{name} means the driver {own}"))
                    .to_string(),
            );
            // The name of a driver that is there is a good one.
            let _ = rule.set("driver", &own);
        }
        None => report.trouble(entry.problem(driver::absence(name)).to_string()),
    }
    rule
}

/// Begins the trial of a rule that was put in force, or ends it for one that was confirmed meanwhile.
fn try_rule(system: &System, saved: &Saved, entry: &Entry<RuleText>, report: &mut Report) {
    let name = &entry.value.name;
    let is_fresh = report.done.last() == Some(&format!("rule {name}"));
    let done = match (saved.trial(name), boot_trial::state(system, name)) {
        (Some(seconds), None) if is_fresh => boot_trial::begin(system, name, seconds),
        // The image was made before the rule was confirmed.
        (None, Some(State::Pending)) => boot_trial::set_state(system, name, State::Confirmed),
        _ => Ok(()),
    };
    if let Err(failure) = done {
        report.trouble(failure.lines.join("; "));
    }
}

/// Puts a rule in the place of the one of the same name, which comes back if that fails.
fn replace(system: &System, rule: &RuleText) -> std::result::Result<(), String> {
    if !configfs::exists(system, &rule.name) {
        return configfs::make(system, rule);
    }
    let old = configfs::read(system, &rule.name);
    configfs::remove(system, &rule.name)?;
    configfs::make(system, rule).inspect_err(|_| {
        // The first failure is the one to tell.
        if old.enabled {
            let _ = configfs::make(system, &old.rule);
        }
    })
}

fn restore_rule(
    system: &System,
    entry: &Entry<RuleText>,
    rule: &RuleText,
    here: &OnceCell<Targets>,
    force: bool,
    report: &mut Report,
) {
    if configfs::is_in_force(system, rule) {
        return;
    }
    match parameter::find(system, &rule.name) {
        Some(given) if given.to_parameter() == rule.to_parameter() => return,
        Some(_) => {
            report.trouble(parameter::conflict(&entry.file));
            return;
        }
        None => {}
    }
    if let Err(why) = replace(system, rule) {
        report.trouble(format!("{}: {why}", entry.file));
        return;
    }
    report.did(format!("rule {}", rule.name));
    // What is here already must have its driver too.
    let users = Users::new(system);
    let moved = match here.get_or_init(|| Targets::read(system)).may_match(rule) {
        true => policy::moved_by(system, rule),
        false => Vec::new(),
    };
    let (used, free): (Vec<_>, Vec<_>) = moved
        .iter()
        .map(|one| &one.device)
        .partition(|device| !force && users.would_lose(device));
    if used.is_empty() {
        if let Err(why) = configfs::apply(system, &rule.name) {
            report.trouble(format!("{}: {why}", entry.file));
        }
        return;
    }
    for device in used {
        let uses: Vec<String> = users.of(device).into_iter().map(|one| one.text).collect();
        output::say(format!(
            "{}: {} is in use, and keeps its driver: {}",
            entry.file,
            device.name,
            uses.join("; ")
        ));
        report.refused.push(device.name.clone());
    }
    for device in free {
        rebind(system, entry, rule, device, report);
    }
}

/// Moves one of several devices of a rule, when the rule as a whole can't be applied.
fn rebind(
    system: &System,
    entry: &Entry<RuleText>,
    rule: &RuleText,
    device: &Device,
    report: &mut Report,
) {
    let driver = match rule.driver() {
        "@standard" => "",
        name => name,
    };
    if let Err(error) = system.write(&device.file("overdrive/rebind"), driver) {
        report.trouble(format!(
            "{}: {}: {}",
            entry.file,
            device.name,
            reason(&error)
        ));
    }
}

fn slots(system: &System, saved: &Saved, force: bool, report: &mut Report) {
    let have = slot::all(system);
    for entry in &saved.slots {
        let slot = &entry.value;
        if have.contains(slot) {
            continue;
        }
        if !force {
            let users = Users::new(system);
            let used: Vec<String> = policy::taken_by_slot(system, slot)
                .into_iter()
                .filter(|device| !users.of(device).is_empty())
                .map(|device| device.name)
                .collect();
            for device in &used {
                output::say(
                    entry
                        .problem(format!("{device} is in use: {slot} is left out"))
                        .to_string(),
                );
            }
            if !used.is_empty() {
                report.refused.extend(used);
                continue;
            }
        }
        // The kernel offers a device to drivers when either of them comes, and both are here already.
        let free = policy::free_for_slot(system, slot);
        let bound = policy::taken_by_slot(system, slot);
        if let Err(failure) = slot::add(system, slot) {
            report.trouble(entry.problem(failure.lines.join("; ")).to_string());
            continue;
        }
        report.did(format!("slot {slot}"));
        for device in bound {
            output::say(policy::waits_for_slot(slot, &device));
        }
        for device in free {
            if let Err(failure) = slot::bind(system, slot, &device.name) {
                report.trouble(entry.problem(failure.lines.join("; ")).to_string());
            }
        }
    }
}
