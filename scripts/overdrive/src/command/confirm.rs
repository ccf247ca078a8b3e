// SPDX-License-Identifier: GPL-2.0

//! `confirm`: keeps what `bind --try` has moved, from another terminal.

use crate::{
    args,
    failure::{Exit, Failure, Result},
    moves::question,
    output,
    system::System,
};

/// Runs the command.
pub(super) fn run(system: &System, _args: &args::Confirm) -> Result {
    let devices = question::confirm(system)?;
    if devices.is_empty() {
        return Err(Failure::new(
            Exit::NotFound,
            "nothing waits to be confirmed: no bind --try is under way",
        ));
    }
    for device in devices {
        output::print(format!("{device}: confirmed"));
    }
    Ok(())
}
