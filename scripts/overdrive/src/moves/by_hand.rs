// SPDX-License-Identifier: GPL-2.0

//! Moves by what the kernel itself has: one device after the other, with several writes for each.

use super::Target;
use crate::{
    device::Device,
    failure::{Exit, Failure, Result, reason},
    output::{self, log},
    system::System,
};

/// Moves the devices. If one can't be moved, those before it go back.
pub(super) fn run(system: &System, members: &[Device], target: &Target) -> Result {
    let mut moved: Vec<&Device> = Vec::new();
    for device in members {
        let Err(refusal) = hand_over(system, device, target) else {
            moved.push(device);
            continue;
        };
        output::say(format!(
            "{} can't be bound to {}: {}",
            device.name,
            target.title(),
            refusal.why
        ));
        for line in log::about(system, &format!(" {}: ", device.name)) {
            output::say_more(line);
        }
        let mut stranded = refusal.is_stranded;
        for old in moved.into_iter().rev() {
            stranded |= hand_back(system, old).is_err();
        }
        return Err(if stranded {
            Failure::new(Exit::Stranded, "not every device has its old driver again")
        } else {
            Failure::new(Exit::Failed, "every device has its old driver again")
        });
    }
    Ok(())
}

/// A device that was not moved.
struct Refusal {
    why: String,
    /// `true` if it did not get its old driver back.
    is_stranded: bool,
}

fn hand_over(system: &System, old: &Device, target: &Target) -> std::result::Result<(), Refusal> {
    let write = |path: &str, text: &str| system.write(path, text).map_err(|error| reason(&error));
    write(&old.file("driver_override"), target.text()).map_err(|why| Refusal {
        why,
        is_stranded: false,
    })?;
    let stays = match target {
        // Without an override it is its standard driver that a device has.
        Target::Standard => old.driver.is_some() && old.driver_override.is_none(),
        Target::Driver(_) => target.is_reached(old),
        Target::Nobody => false,
    };
    if stays {
        return Ok(());
    }
    let why = match step(system, old, target) {
        Ok(()) => return Ok(()),
        Err(why) => why,
    };
    Err(Refusal {
        why,
        is_stranded: hand_back(system, old).is_err(),
    })
}

fn step(system: &System, old: &Device, target: &Target) -> std::result::Result<(), String> {
    if old.driver.is_some() {
        system
            .write(&old.file("driver/unbind"), &old.name)
            .map_err(|error| reason(&error))?;
    }
    if *target == Target::Nobody {
        return Ok(());
    }
    // It succeeds without a driver as well.
    let _ = system.write(&format!("/sys/bus/{}/drivers_probe", old.bus), &old.name);
    let now = Device::read_on_bus(system, &old.path, &old.bus);
    if *target == Target::Standard || target.is_reached(&now) {
        return Ok(());
    }
    Err("the driver did not take it".to_owned())
}

/// Gives a device back the driver and the override that it had.
fn hand_back(system: &System, old: &Device) -> std::io::Result<()> {
    let now = Device::read_on_bus(system, &old.path, &old.bus);
    system.write(
        &old.file("driver_override"),
        old.driver_override.as_deref().unwrap_or_default(),
    )?;
    if now.driver == old.driver {
        return Ok(());
    }
    if now.driver.is_some() {
        system.write(&old.file("driver/unbind"), &old.name)?;
    }
    match &old.driver {
        Some(driver) => system.write(
            &format!("/sys/bus/{}/drivers/{driver}/bind", old.bus),
            &old.name,
        ),
        None => Ok(()),
    }
}
