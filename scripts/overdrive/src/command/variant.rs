// SPDX-License-Identifier: GPL-2.0

//! `variant`: the VFIO driver that knows most about a device.

use crate::{
    args,
    device::find,
    failure::{Exit, Failure, Result, reason},
    modules::{self, alias, driver},
    moves::{self, Target},
    output,
    system::System,
};

/// A module whose alias matches. The order of the fields is that of preference.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    asterisks: usize,
    is_foreign: bool,
    module: String,
    pattern: String,
}

/// Runs the command.
pub(super) fn run(system: &System, args: &args::Variant) -> Result {
    let device = find::find(system, &args.device)?;
    let name = &device.name;
    let modalias = device
        .modalias(system)
        .ok_or_else(|| Failure::new(Exit::Failed, format!("{name} has no modalias")))?;
    let candidates = candidates(system, &format!("vfio_{modalias}"));
    let Some(best) = candidates.first() else {
        return Err(Failure::new(
            Exit::NotFound,
            format!("no module has a VFIO driver for {name}"),
        ));
    };
    if args.all {
        for one in &candidates {
            output::print(format!(
                "{:2}  {:<24} {}",
                one.asterisks, one.module, one.pattern
            ));
        }
        return Ok(());
    }
    if args.print {
        output::print(&best.module);
        return Ok(());
    }
    modules::load(system, &best.module, &[]).map_err(|error| {
        Failure::new(
            Exit::Failed,
            format!("cannot load the module {}: {}", best.module, reason(&error)),
        )
    })?;
    let driver = driver::only_one(system, &best.module, &device.bus)?;
    moves::move_devices(
        system,
        &[device],
        &Target::Driver(driver),
        args.options.into(),
    )
    .map(drop)
}

fn candidates(system: &System, wanted: &str) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = alias::with_prefix(system, "vfio_")
        .into_iter()
        .filter(|alias| alias.matches(wanted))
        .map(|alias| Candidate {
            asterisks: alias.asterisks(),
            is_foreign: !alias::is_in_tree(system, &alias.module),
            module: alias.module,
            pattern: alias.pattern,
        })
        .collect();
    candidates.sort();
    candidates.dedup();
    candidates
}
