// SPDX-License-Identifier: GPL-2.0

//! `rule`: which devices get which driver before anything probes them.

use overdrive_rules::RuleText;
use serde::Serialize;

use super::make;
use crate::{
    args,
    boot_trial::{self, State},
    device::find,
    failure::{Exit, Failure, Result},
    modules, output,
    output::{
        json,
        table::{Table, Tone},
    },
    policy,
    rule::{self, configfs, for_device, parameter, put_right},
    store::{Store, boot},
    system::System,
};

/// Runs the command.
pub(super) fn run(system: &System, args: &args::Rule) -> Result {
    match args {
        args::Rule::Add(args) => add(system, args),
        args::Rule::Del(args) => del(system, args),
        args::Rule::List(args) => {
            list(system, args);
            Ok(())
        }
    }
}

fn add(system: &System, args: &args::RuleAdd) -> Result {
    rule::check_name(&args.name)?;
    let mut words = Vec::new();
    for word in &args.fields {
        let (key, text) = word
            .split_once('=')
            .ok_or_else(|| Failure::usage(format!("'{word}' is not FIELD=TEXT")))?;
        if !rule::is_field(key) {
            return Err(Failure::usage(format!(
                "a rule has no field '{key}', but {}",
                rule::field_names()
            )));
        }
        if words.iter().any(|(its, _)| *its == key) {
            return Err(Failure::usage(format!("{key} is given twice")));
        }
        words.push((key, text));
    }
    configfs::require_module(system)?;
    let mut rule = match &args.for_device {
        Some(word) => {
            let device = find::find(system, word)?;
            for_device::make(system, &args.name, &device, "none")?
        }
        None => RuleText::new(&args.name),
    };
    // The bus first: it decides what a name means.
    words.sort_by_key(|(key, _)| *key != "bus");
    for (key, text) in words {
        put_right::set(system, &mut rule, key, text)?;
    }
    if args.for_device.is_none() && !args.place {
        mean_the_device(system, &mut rule);
    }
    make::run(
        system,
        &rule,
        make::Options {
            apply: args.apply,
            save: args.save,
            trial: args.try_boot,
            force: args.force,
        },
    )
}

/// Has a rule that names one device by its place mean that device, and no other that is in the place later.
fn mean_the_device(system: &System, rule: &mut RuleText) {
    let place = rule.get("device").to_owned();
    let Some(device) = policy::devices(system)
        .into_iter()
        .find(|device| device.name == place && [&device.bus, ""].contains(&rule.get("bus")))
    else {
        return;
    };
    let added = for_device::pin(system, rule, &device);
    if !added.is_empty() {
        let words: Vec<String> = added
            .iter()
            .map(|key| format!("{key}={}", rule.get(key)))
            .collect();
        output::say(format!(
            "the rule is for the device that is there now: {}; --place leaves that out",
            words.join(" ")
        ));
    }
}

fn del(system: &System, args: &args::RuleDel) -> Result {
    let name = &args.name;
    rule::check_name(name)?;
    let store = Store::new(system);
    let mut found = false;
    if configfs::exists(system, name) {
        configfs::remove(system, name).map_err(|why| {
            Failure::new(
                Exit::Failed,
                format!("the rule {name} can't be removed: {why}"),
            )
        })?;
        found = true;
    } else if parameter::has(system, name) {
        output::say(format!(
            "the rule {name} came with the module's parameter, and holds until the module is unloaded; take it out of modprobe.d or the kernel's command line"
        ));
    }
    if boot_trial::state(system, name) == Some(State::Pending) {
        boot_trial::set_state(system, name, State::Removed)?;
    }
    if args.save {
        if store.remove_rule(name)? {
            found = true;
            tell_images(system);
        }
    } else if store.has_rule(name) {
        output::say(format!(
            "it is still saved in {}; rule del --save removes it there as well",
            store.rule_path(name)
        ));
    }
    if found {
        return Ok(());
    }
    Err(Failure::new(
        Exit::NotFound,
        format!("there is no rule {name} that could be removed"),
    ))
}

/// Says that images for booting still have what was removed.
fn tell_images(system: &System) {
    let images = boot::images(system);
    if let (Some(image), Some(_)) = (images.first(), boot::advice(system)) {
        output::say(format!(
            "{image} may still have it, and then it holds again after a reboot: update-initramfs -u, or dracut --force"
        ));
    }
}

/// A rule as programs see it.
#[derive(Debug, Serialize)]
struct Row {
    rule: String,
    from: &'static str,
    hits: Option<u64>,
    driver: String,
    #[serde(rename = "for")]
    matchers: String,
}

impl Row {
    fn new(rule: &RuleText, from: &'static str, hits: Option<u64>) -> Self {
        Self {
            rule: rule.name.clone(),
            from,
            hits,
            driver: rule.driver().to_owned(),
            matchers: rule::matchers(rule),
        }
    }
}

fn rows(system: &System) -> Vec<Row> {
    let store = Store::new(system);
    let given = parameter::all(system);
    let mut rows: Vec<Row> = given
        .iter()
        .map(|rule| Row::new(rule, "parameter", None))
        .collect();
    for made in configfs::all(system) {
        let from = match made.enabled {
            false => "disabled",
            true if store.has_rule(&made.rule.name) => "saved",
            true => "user",
        };
        rows.push(Row::new(&made.rule, from, made.hits));
    }
    for entry in store.read().rules {
        let rule = entry.value;
        let is_held =
            configfs::exists(system, &rule.name) || given.iter().any(|its| its.name == rule.name);
        if !is_held {
            rows.push(Row::new(&rule, "saved, not in force", None));
        }
    }
    rows
}

fn list(system: &System, args: &args::RuleList) {
    if !modules::is_overdrive_loaded(system) {
        output::say("the module overdrive is not loaded: these are the saved rules");
    }
    let rows = rows(system);
    if args.json {
        json::print_json(&rows);
        return;
    }
    let mut table = Table::with_head(&["RULE", "FROM", "HITS", "DRIVER", "FOR"]);
    for row in rows {
        let tone = match row.from {
            "disabled" | "saved, not in force" => Tone::Idle,
            _ => Tone::Plain,
        };
        let hits = row
            .hits
            .map_or_else(|| "-".to_owned(), |hits| hits.to_string());
        table.row(
            tone,
            [
                row.rule,
                row.from.to_owned(),
                hits,
                row.driver,
                row.matchers,
            ],
        );
    }
    table.print();
}
