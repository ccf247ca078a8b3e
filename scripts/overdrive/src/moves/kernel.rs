// SPDX-License-Identifier: GPL-2.0

//! Moves by the module's transactions.

use super::{Options, Target, by_hand};
use crate::{
    device::{Device, status::Rebind},
    failure::{Exit, Failure, Result, reason},
    output::{self, log},
    system::System,
    transaction::{Refusal, Session, Verb},
};

/// Moves the devices in one step, if the module can.
pub(super) fn run(
    system: &System,
    asked: &[Device],
    members: &[Device],
    target: &Target,
    options: Options,
) -> Result {
    if let [device] = asked {
        let file = if options.whole_group {
            "rebind_group"
        } else {
            "rebind"
        };
        return rebind(system, device, members, file, target);
    }
    match Session::open_for(system, Verb::Bind) {
        Some(mut session) => session
            .run(Verb::Bind, target.word(), members, false)
            .map_err(|refusal| failure(system, members, target, &refusal)),
        None => {
            output::say(
                "the module that is loaded has no transactions over several devices: they are moved one after the other",
            );
            by_hand::run(system, members, target)
        }
    }
}

/// Says why devices were not moved, and returns how the command ends.
pub(super) fn failure(
    system: &System,
    members: &[Device],
    target: &Target,
    refusal: &Refusal,
) -> Failure {
    output::say(format!(
        "the devices can't be bound to {}: {}",
        target.title(),
        refusal.text()
    ));
    for line in refusal.lines() {
        output::say_more(line);
    }
    log_about(system, members);
    if !refusal.stranded().is_empty() {
        return Failure::new(
            Exit::Stranded,
            format!(
                "without a driver now, because the old one did not take it back: {}",
                refusal.stranded().join(", ")
            ),
        );
    }
    let exit = if refusal.is_in_use() {
        Exit::InUse
    } else {
        Exit::Failed
    };
    Failure::new(exit, "everything is as it was")
}

fn log_about(system: &System, members: &[Device]) {
    for member in members {
        for line in log::about(system, &format!(" {}: ", member.name)) {
            output::say_more(line);
        }
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
    log_about(system, members);
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
