// SPDX-License-Identifier: GPL-2.0

//! Moves by the module's transactions.

use super::{Options, Target, by_hand};
use crate::{
    device::{Device, status::Rebind},
    failure::{Exit, Failure, Result, reason},
    output::{self, log},
    system::System,
};

/// Moves the devices in one step, if the module can.
pub(super) fn run(
    system: &System,
    asked: &[Device],
    members: &[Device],
    target: &Target,
    options: Options,
) -> Result {
    match asked {
        [device] => {
            let file = if options.whole_group {
                "rebind_group"
            } else {
                "rebind"
            };
            rebind(system, device, members, file, target)
        }
        _ => by_hand::run(system, members, target),
    }
}

fn rebind(
    system: &System,
    device: &Device,
    members: &[Device],
    file: &str,
    target: &Target,
) -> Result {
    let path = device.file(&format!("overdrive/{file}"));
    let Err(error) = system.write(&path, target.text()) else {
        return Ok(());
    };
    output::say(format!(
        "{} can't be bound to {}: {}",
        device.name,
        target.title(),
        reason(&error)
    ));
    for member in members {
        for line in log::about(system, &format!(" {}: ", member.name)) {
            output::say_more(line);
        }
    }
    for member in members {
        let now = Device::read_on_bus(system, &member.path, &member.bus);
        if matches!(now.rebind(), Some(Rebind::Stranded(_))) && now.driver.is_none() {
            return Err(Failure::new(
                Exit::Stranded,
                format!(
                    "{} has no driver now: its old one did not take it back",
                    now.name
                ),
            ));
        }
    }
    Err(Failure::new(Exit::Failed, "everything is as it was"))
}
