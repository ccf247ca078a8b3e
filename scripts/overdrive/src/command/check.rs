// SPDX-License-Identifier: GPL-2.0

//! `check`: tells what is wrong in the folder of what is saved.

use serde::Serialize;

use crate::{
    args,
    failure::{Exit, Failure, Result},
    output::{self, json},
    store::Store,
    system::System,
};

#[derive(Debug, Serialize)]
struct Row {
    file: String,
    line: Option<usize>,
    text: String,
}

/// Runs the command.
pub(super) fn run(system: &System, args: &args::Check) -> Result {
    let store = Store::new(system);
    let saved = store.read();
    if args.json {
        let rows: Vec<Row> = saved
            .problems
            .iter()
            .map(|problem| Row {
                file: problem.file.clone(),
                line: Some(problem.line).filter(|line| *line > 0),
                text: problem.text.clone(),
            })
            .collect();
        json::print_json(&rows);
    } else if saved.problems.is_empty() {
        output::print(format!(
            "{}: rules: {}, slots: {}, buses: {}; nothing is wrong.",
            store.folder(),
            saved.rules.len(),
            saved.slots.len(),
            saved.buses.len()
        ));
    } else {
        for problem in &saved.problems {
            output::print(problem.to_string());
        }
    }
    if saved.problems.is_empty() {
        Ok(())
    } else {
        Err(Failure::silent(Exit::Failed))
    }
}
