// SPDX-License-Identifier: GPL-2.0

//! `confirm`: keeps what `bind --try` has moved, from another terminal, and rules that the boot tries.

use crate::{
    args, boot_trial,
    failure::{Exit, Failure, Result},
    moves::question,
    output,
    system::System,
};

/// Runs the command.
pub(super) fn run(system: &System, _args: &args::Confirm) -> Result {
    let devices = question::confirm(system)?;
    let rules = boot_trial::pending(system);
    if devices.is_empty() && rules.is_empty() {
        return Err(Failure::new(
            Exit::NotFound,
            "nothing waits to be confirmed: no bind --try is under way, and no rule on trial",
        ));
    }
    for rule in &rules {
        boot_trial::confirm(system, rule)?;
        output::print(format!("rule {rule}: confirmed"));
    }
    if !rules.is_empty() {
        boot_trial::tell_images(system);
    }
    for device in devices {
        output::print(format!("{device}: confirmed"));
    }
    Ok(())
}
