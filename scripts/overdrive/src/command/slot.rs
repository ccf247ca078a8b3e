// SPDX-License-Identifier: GPL-2.0

//! `slot`: devices that a meta driver seizes, by address.

use crate::{
    args, failure::Result, output, policy, rule::configfs, slot, system::System, users::Users,
};

/// Runs the command.
pub(super) fn run(system: &System, args: &args::Slot) -> Result {
    configfs::require_module(system)?;
    match args {
        args::Slot::Add(args) => {
            let bound = policy::taken_by_slot(system, &args.slot);
            if !args.force {
                Users::new(system).refuse(&bound)?;
            }
            slot::add(system, &args.slot)?;
            for device in bound {
                output::say(policy::waits_for_slot(&args.slot, &device));
            }
            Ok(())
        }
        args::Slot::Del { slot } => slot::remove(system, slot),
        args::Slot::List => {
            for slot in slot::all(system) {
                output::print(slot);
            }
            Ok(())
        }
    }
}
