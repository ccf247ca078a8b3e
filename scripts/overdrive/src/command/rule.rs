// SPDX-License-Identifier: GPL-2.0

//! `rule`: which devices get which driver before anything probes them.

use serde::Serialize;

use crate::{
    args,
    failure::{Exit, Failure, Result},
    modules, output,
    output::{
        json,
        table::{Table, Tone},
    },
    rule::{self, Rule, configfs, field::Field, parameter, put_right},
    store::Store,
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
    let mut rule = Rule::new(&args.name);
    for word in &args.fields {
        let (key, text) = word
            .split_once('=')
            .ok_or_else(|| Failure::usage(format!("'{word}' is not FIELD=TEXT")))?;
        let field = Field::of(key).ok_or_else(|| {
            Failure::usage(format!(
                "a rule has no field '{key}', but {}",
                Field::names()
            ))
        })?;
        rule.set(field, text);
    }
    configfs::require_module(system)?;
    put_right::rule(system, &mut rule)?;
    let failure = |why| {
        Failure::new(
            Exit::Failed,
            format!("no rule {} was made: {why}", args.name),
        )
    };
    configfs::make(system, &rule).map_err(failure)?;
    if args.save {
        output::print(Store::new(system).write_rule(&rule)?);
    }
    if args.apply {
        configfs::apply(system, &rule.name).map_err(|why| {
            Failure::new(
                Exit::Failed,
                format!(
                    "the rule {} is in force, but not all devices that are here could be moved: {why}",
                    rule.name
                ),
            )
        })?;
    }
    Ok(())
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
            "the rule {name} came with the module's parameter, and holds until the module is unloaded"
        ));
    }
    if args.save {
        found |= store.remove_rule(name)?;
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
    fn new(rule: &Rule, from: &'static str, hits: Option<u64>) -> Self {
        Self {
            rule: rule.name.clone(),
            from,
            hits,
            driver: rule.driver().to_owned(),
            matchers: rule.matchers(),
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
