// SPDX-License-Identifier: GPL-2.0

//! `plan`: what `restore` or the next boot would do to the devices that are here.

use serde::Serialize;

use crate::{
    args,
    failure::{Exit, Failure, Result},
    output::{
        self, json,
        table::{Table, Tone},
    },
    policy::{self, Move, Policy},
    rule::{configfs, parameter},
    slot,
    store::{Saved, Store},
    system::System,
    users::Users,
};

/// A device that would have another driver.
#[derive(Debug, Serialize)]
struct Row {
    device: String,
    bus: String,
    from: Option<String>,
    to: String,
    rule: String,
    /// `true` if it would keep its driver, because it is in use.
    refused: bool,
    in_use: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Plan {
    changed: bool,
    /// Rules and slots that would be put in force.
    rules: Vec<String>,
    moves: Vec<Row>,
    problems: Vec<String>,
}

/// Runs the command.
pub(super) fn run(system: &System, args: &args::Plan) -> Result {
    let saved = Store::new(system).read();
    let plan = if args.boot {
        at_boot(system, &saved)
    } else {
        restore(system, &saved)
    };
    if args.json {
        json::print_json(&plan);
    } else {
        print(&plan, args.boot);
    }
    if plan.problems.is_empty() {
        Ok(())
    } else {
        Err(Failure::silent(Exit::Failed))
    }
}

fn problems(saved: &Saved) -> Vec<String> {
    saved.problems.iter().map(ToString::to_string).collect()
}

fn at_boot(system: &System, saved: &Saved) -> Plan {
    let policy = Policy::at_boot(system, saved);
    let users = Users::new(system);
    let mut moves = rows(
        &users,
        &policy::moves(system, &policy, &policy::devices(system)),
        false,
    );
    // What has its driver by a rule or by hand now, and by no saved rule, has its standard driver then.
    for device in policy::devices(system) {
        let is_kept = policy.winner(system, &device).is_some();
        if device.driver_override.is_some() && !is_kept {
            moves.push(Row {
                in_use: Vec::new(),
                device: device.name,
                bus: device.bus,
                from: device.driver,
                to: "@standard".to_owned(),
                rule: "none".to_owned(),
                refused: false,
            });
        }
    }
    Plan {
        changed: !moves.is_empty(),
        rules: policy.rules.iter().map(|rule| rule.name.clone()).collect(),
        moves,
        problems: problems(saved),
    }
}

/// Foresees `restore`: what is in force already is left alone.
fn restore(system: &System, saved: &Saved) -> Plan {
    let mut policy = Policy::in_force(system);
    let mut fresh = Vec::new();
    for entry in &saved.rules {
        let rule = &entry.value;
        if !configfs::is_in_force(system, rule) && !parameter::has(system, &rule.name) {
            policy.add(rule);
            fresh.push(rule.name.clone());
        }
    }
    let have = slot::all(system);
    let mut slots = Vec::new();
    for entry in &saved.slots {
        if !have.contains(&entry.value) {
            slots.push(format!("slot {}", entry.value));
        }
    }
    let mut moves = policy::moves(system, &policy, &policy::devices(system));
    moves.retain(|one| fresh.contains(&one.rule) && !policy::is_users(&one.device));
    let moves = rows(&Users::new(system), &moves, true);
    fresh.extend(slots);
    Plan {
        changed: !fresh.is_empty(),
        rules: fresh,
        moves,
        problems: problems(saved),
    }
}

fn rows(users: &Users<'_>, moves: &[Move], is_refused: bool) -> Vec<Row> {
    moves
        .iter()
        .map(|one| {
            let in_use: Vec<String> = users
                .of(&one.device)
                .into_iter()
                .map(|one| one.text)
                .collect();
            Row {
                device: one.device.name.clone(),
                bus: one.device.bus.clone(),
                from: one.device.driver.clone(),
                to: one.driver.clone(),
                rule: one.rule.clone(),
                refused: is_refused && !in_use.is_empty(),
                in_use,
            }
        })
        .collect()
}

fn print(plan: &Plan, is_boot: bool) {
    for problem in &plan.problems {
        output::say(problem);
    }
    if !is_boot {
        for name in &plan.rules {
            output::print(format!("{name} would be put in force."));
        }
    }
    if plan.moves.is_empty() {
        output::print(if is_boot {
            "After the next boot, every device that is here has the driver that it has now."
        } else {
            "No device would get another driver."
        });
        return;
    }
    let mut table = Table::with_head(&["DEVICE", "NOW", "THEN", "RULE", "WHO LOSES IT"]);
    for row in &plan.moves {
        let tone = if row.in_use.is_empty() {
            Tone::Plain
        } else {
            Tone::Wrong
        };
        let then = if row.refused {
            "stays, in use"
        } else {
            &row.to
        };
        let loser = match row.in_use.as_slice() {
            [] => "nobody".to_owned(),
            uses => uses.join("; "),
        };
        table.row(
            tone,
            [
                row.device.as_str(),
                row.from.as_deref().unwrap_or("none"),
                then,
                &row.rule,
                &loser,
            ],
        );
    }
    table.print();
}
