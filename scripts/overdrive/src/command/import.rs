// SPDX-License-Identifier: GPL-2.0

//! `import`: rules from what other tools were told.

mod driverctl;
mod ids;

use serde::Serialize;

use overdrive_rules::RuleText;

use crate::{
    args,
    device::Device,
    failure::{Exit, Failure, Result},
    output::{
        self, json,
        table::{Table, Tone},
    },
    rule::{self, for_device},
    store::{Store, boot},
    system::System,
    users::Users,
};

/// A device that another tool gives a driver.
#[derive(Debug)]
struct Wish {
    device: Device,
    driver: String,
    /// The file that says so.
    from: String,
}

/// All that was found.
#[derive(Debug, Default)]
struct Found {
    wishes: Vec<Wish>,
    /// Entries that no rule can be made of, each with the reason.
    problems: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Row {
    rule: String,
    driver: String,
    #[serde(rename = "for")]
    matchers: String,
    from: String,
    /// `true` if a rule of this name is saved already, which is left alone.
    exists: bool,
}

#[derive(Debug, Serialize)]
struct Report {
    changed: bool,
    rules: Vec<Row>,
    problems: Vec<String>,
}

/// Runs the command.
pub(super) fn run(system: &System, args: &args::Import) -> Result {
    let mut found = Found::default();
    driverctl::find(system, &mut found);
    ids::find(system, &mut found);
    let Found {
        wishes,
        mut problems,
    } = found;

    let store = Store::new(system);
    let mut rules: Vec<(RuleText, Wish)> = Vec::new();
    for wish in wishes {
        // Whoever comes first counts, as the first override does.
        if rules
            .iter()
            .any(|(_, old)| old.device.path == wish.device.path)
        {
            continue;
        }
        match for_device::make(
            system,
            &for_device::name(&wish.device),
            &wish.device,
            &wish.driver,
        ) {
            Ok(rule) => rules.push((rule, wish)),
            Err(failure) => problems.extend(failure.lines),
        }
    }
    let rows: Vec<Row> = rules
        .iter()
        .map(|(rule, wish)| Row {
            rule: rule.name.clone(),
            driver: rule.driver().to_owned(),
            matchers: rule::matchers(rule),
            from: wish.from.clone(),
            exists: store.has_rule(&rule.name),
        })
        .collect();
    rules.retain(|(rule, _)| !store.has_rule(&rule.name));

    if args.save && !args.force {
        Users::new(system).refuse_vital(rules.iter().map(|(_, wish)| &wish.device))?;
    }
    if args.save {
        for (rule, _) in &rules {
            store.write_rule(rule, None)?;
        }
    }
    let is_bad = !problems.is_empty();
    let report = Report {
        changed: args.save && !rules.is_empty(),
        rules: rows,
        problems,
    };
    if args.json {
        json::print_json(&report);
    } else {
        print(&report, args.save, rules.len());
    }
    if report.changed {
        if let Some(advice) = boot::advice(system) {
            output::say(advice);
        }
    }
    if is_bad {
        Err(Failure::silent(Exit::Failed))
    } else {
        Ok(())
    }
}

fn print(report: &Report, is_saved: bool, fresh: usize) {
    for problem in &report.problems {
        output::say(problem);
    }
    if report.rules.is_empty() {
        output::print("Nothing was found that gives a device of this machine a driver.");
        return;
    }
    let mut table = Table::with_head(&["RULE", "DRIVER", "FOR", "FROM", "SAVED"]);
    for row in &report.rules {
        let saved = match (row.exists, is_saved) {
            (true, _) => "before",
            (false, true) => "yes",
            (false, false) => "no",
        };
        table.row(
            Tone::Plain,
            [
                row.rule.as_str(),
                &row.driver,
                &row.matchers,
                &row.from,
                saved,
            ],
        );
    }
    table.print();
    if fresh > 0 {
        output::print(if is_saved {
            "They hold after overdrive restore. Then remove what they were made from: both would act."
        } else {
            "Nothing was written; overdrive import --save does it."
        });
    }
}
