// SPDX-License-Identifier: GPL-2.0

//! `plan`: what `restore` or the next boot would do to the devices that are here.

use serde::Serialize;

use crate::{
    args, bus,
    failure::{Exit, Failure, Result},
    output::{
        self, json,
        table::{Table, Tone},
    },
    policy::{self, Move, Policy, Restored},
    rule::bus_needed,
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
    /// Rules, slots and buses that would be put in force.
    rules: Vec<String>,
    moves: Vec<Row>,
    /// Sentences about devices in new slots that keep their drivers, which is no change for a program.
    #[serde(skip)]
    waiting: Vec<String>,
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

fn at_boot(system: &System, saved: &Saved) -> Plan {
    let policy = Policy::at_boot(system, saved);
    let users = Users::new(system);
    let mut moves = rows(
        &users,
        &policy::moves(
            system,
            &policy,
            &policy::devices_and(system, &fresh_buses(system, saved)),
        ),
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
        waiting: Vec::new(),
        problems: saved.problems.iter().map(ToString::to_string).collect(),
    }
}

/// Foresees `restore`: what is in force already is left alone.
fn restore(system: &System, saved: &Saved) -> Plan {
    let Restored {
        policy,
        mut fresh,
        problems,
    } = Restored::foresee(system, saved);
    let buses = fresh_buses(system, saved);
    let mut moves = policy::moves(system, &policy, &policy::devices_and(system, &buses));
    moves.retain(|one| fresh.contains(&one.rule) && !policy::is_users(&one.device));
    let mut rows = rows(&Users::new(system), &moves, true);
    refuse_slots(&mut rows);
    // A slot unbinds nothing.
    let mut waiting = Vec::new();
    for (one, row) in moves.iter().zip(&rows) {
        if let (Some(slot), Some(_), false) = (slot_of(row), &row.from, row.refused) {
            waiting.push(policy::waits_for_slot(slot, &one.device));
        }
    }
    rows.retain(|row| row.refused || slot_of(row).is_none() || row.from.is_none());
    fresh.retain(|name| {
        !rows
            .iter()
            .any(|row| row.refused && row.rule == *name && slot_of(row).is_some())
    });
    fresh.extend(buses.iter().map(|bus| format!("bus {bus}")));
    Plan {
        changed: !fresh.is_empty(),
        rules: fresh,
        moves: rows,
        waiting,
        problems,
    }
}

/// Returns the slot that a row is about, if it is about one. No rule can have a blank in its name.
fn slot_of(row: &Row) -> Option<&str> {
    row.rule.strip_prefix("slot ")
}

/// Returns the buses that would be extended.
fn fresh_buses(system: &System, saved: &Saved) -> Vec<String> {
    let extended = bus::extended(system);
    let listed = saved.buses.iter().map(|entry| entry.value.0.clone());
    let needed = saved
        .rules
        .iter()
        .filter_map(|entry| bus_needed::to_extend(system, &entry.value));
    let mut names: Vec<String> = listed
        .chain(needed)
        .filter(|name| extended.iter().all(|(its, _)| its != name))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// A slot with a device that is in use is left out as a whole.
fn refuse_slots(rows: &mut [Row]) {
    let refused: Vec<String> = rows
        .iter()
        .filter(|row| row.refused && slot_of(row).is_some())
        .map(|row| row.rule.clone())
        .collect();
    for row in rows {
        row.refused |= refused.contains(&row.rule);
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
                refused: is_refused && users.would_lose(&one.device),
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
        for sentence in &plan.waiting {
            output::print(format!("{sentence}."));
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
