// SPDX-License-Identifier: GPL-2.0

//! `explain`: which rules match a device, which one wins, and why the others do not.

use overdrive_rules::Verdict;
use serde::Serialize;

use crate::{
    args,
    device::{Device, find, identity},
    failure::Result,
    output::{
        self, json,
        table::{Table, Tone},
    },
    policy::{self, Policy, Restored},
    rule,
    store::Store,
    system::System,
};

#[derive(Debug, Serialize)]
struct Row {
    rule: String,
    driver: String,
    #[serde(rename = "for")]
    matchers: String,
    verdict: &'static str,
    why: Option<String>,
}

/// Runs the command.
pub(super) fn run(system: &System, args: &args::Explain) -> Result {
    let device = find::find(system, &args.device)?;
    let target = identity::of(system, &device);
    let policy = Policy::in_force(system);
    let rows: Vec<Row> = policy
        .rules
        .explain(&target)
        .into_iter()
        .map(|one| {
            let (verdict, why) = verdict(&one.verdict, one.is_near_miss);
            Row {
                rule: one.rule.name.clone(),
                driver: one.rule.driver().to_owned(),
                matchers: rule::matchers(one.rule),
                verdict,
                why,
            }
        })
        .collect();
    if args.json {
        json::print_json(&rows);
        return Ok(());
    }
    if rows.is_empty() {
        output::print("There is no rule.");
    } else {
        print(&rows);
    }
    for line in summary(&device, &rows) {
        output::print(line);
    }
    let saved = Restored::foresee(system, &Store::new(system).read());
    if let Some(rule) = saved.policy.winner(system, &device) {
        if saved.fresh.contains(&rule.name) {
            output::print(format!(
                "What is saved is not all in force: after overdrive restore, it gets {}, by {}.",
                rule.driver(),
                rule.name
            ));
        }
    }
    Ok(())
}

fn verdict(verdict: &Verdict, is_near_miss: bool) -> (&'static str, Option<String>) {
    match verdict {
        Verdict::Wins => ("wins", None),
        Verdict::Loses { to, by } => ("matches", Some(format!("{to} comes first: {by}"))),
        Verdict::Mismatch { field } if is_near_miss => (
            "no",
            Some(format!("its place, but another device: {field} differs")),
        ),
        Verdict::Mismatch { field } => ("no", Some(format!("{field} differs"))),
        Verdict::Bridge => (
            "no",
            Some("a bridge or hub is taken by an exact device, path or firmware only".to_owned()),
        ),
    }
}

fn print(rows: &[Row]) {
    let mut table = Table::with_head(&["RULE", "MATCHES", "DRIVER", "FOR", "WHY NOT"]);
    for row in rows {
        let (tone, matches) = match row.verdict {
            "wins" => (Tone::Userspace, "wins"),
            "matches" => (Tone::Plain, "yes"),
            _ => (Tone::Idle, "no"),
        };
        table.row(
            tone,
            [
                row.rule.as_str(),
                matches,
                &row.driver,
                &row.matchers,
                row.why.as_deref().unwrap_or("-"),
            ],
        );
    }
    table.print();
}

fn summary(device: &Device, rows: &[Row]) -> Vec<String> {
    let name = &device.name;
    let mut lines = Vec::new();
    match rows.iter().find(|row| row.verdict == "wins") {
        Some(row) => lines.push(format!(
            "When {name} is discovered, it gets {}, by the rule {}.",
            row.driver, row.rule
        )),
        None => lines.push(format!(
            "When {name} is discovered, it gets its standard driver."
        )),
    }
    if !device.has_override_file {
        lines.push(format!(
            "No rule acts on it: the bus {} has no driver_override; overdrive bus add {}.",
            device.bus, device.bus
        ));
    } else if policy::is_users(device) {
        lines.push(format!(
            "Now its override is {}, by the user, which counts more than rules as long as the device is there.",
            device.driver_override.as_deref().unwrap_or_default()
        ));
    }
    lines
}
