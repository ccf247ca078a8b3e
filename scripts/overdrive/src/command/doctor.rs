// SPDX-License-Identifier: GPL-2.0

//! `doctor`: what keeps a device from its driver, and what helps.

use crate::{
    args,
    device::find,
    doctor::{self, Finding, Level},
    failure::{Exit, Failure, Result},
    output::{self, json},
    system::System,
};

/// Runs the command.
pub(super) fn run(system: &System, args: &args::Doctor) -> Result {
    let mut devices = Vec::new();
    for word in &args.devices {
        devices.push(find::find(system, word)?);
    }
    let findings = doctor::examine(system, &devices);
    if args.json {
        json::print_json(&findings);
    } else if findings.is_empty() {
        output::print("Nothing is wrong.");
    } else {
        findings.iter().for_each(print);
    }
    if findings.iter().any(|one| one.level == Level::Bad) {
        return Err(Failure::silent(Exit::Failed));
    }
    Ok(())
}

fn print(finding: &Finding) {
    let Finding {
        level,
        id,
        subject,
        text,
        remedy,
    } = finding;
    output::print(format!("{level}: {subject}: {text} [{id}]"));
    if let Some(remedy) = remedy {
        output::print(format!("      {remedy}"));
    }
}
