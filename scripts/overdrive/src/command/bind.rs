// SPDX-License-Identifier: GPL-2.0

//! `bind`, `unbind`, `release`: devices change drivers.

use super::make;
use crate::{
    args::{self, MoveOptions},
    device::{Device, find, hot_plug},
    failure::{Exit, Failure, Result},
    moves::{self, Options, Target},
    output,
    rule::{configfs, for_device},
    store::Store,
    system::System,
};

impl From<MoveOptions> for Options {
    fn from(args: MoveOptions) -> Self {
        Self {
            whole_group: args.group,
            force: args.force,
        }
    }
}

/// Runs `bind`.
pub(super) fn run(system: &System, args: &args::Bind) -> Result {
    let Some((driver, devices)) = args.words.split_last() else {
        return Err(Failure::usage("bind needs a device and a driver"));
    };
    let is_bad = |c: char| !c.is_ascii_graphic() || c == '/';
    if driver.is_empty() || driver.contains(is_bad) {
        return Err(Failure::usage(format!("'{driver}' is no driver's name")));
    }
    let target = match driver.as_str() {
        "none" => Target::Nobody,
        name => Target::Driver(name.to_owned()),
    };
    if let Some(seconds) = args.try_for {
        let mut asked = Vec::new();
        for word in devices {
            asked.push(find::find(system, word)?);
        }
        if !moves::trial::run(system, &asked, &target, args.options.into(), seconds)? {
            return Err(Failure::new(
                Exit::Failed,
                "it was not confirmed; everything is as it was",
            ));
        }
    }
    let moved = moves::run(system, devices, &target, args.options.into())?;
    if args.save {
        return save(system, &moved, args.options.force);
    }
    for device in moved
        .iter()
        .filter(|device| hot_plug::is_in_slot(system, device))
    {
        output::say(format!(
            "{} can be unplugged: what is plugged in after it has its standard driver; bind --save makes a rule that outlives it",
            device.name
        ));
    }
    Ok(())
}

/// Makes a rule for each device, so that it has its driver from the next discovery on.
fn save(system: &System, devices: &[Device], force: bool) -> Result {
    configfs::require_module(system)?;
    for device in devices {
        let driver = device.driver.as_deref().unwrap_or("none");
        let rule = for_device::make(system, &for_device::name(device), device, driver)?;
        if configfs::is_in_force(system, &rule) && Store::new(system).has_rule(&rule.name) {
            continue;
        }
        if configfs::exists(system, &rule.name) {
            configfs::remove(system, &rule.name)
                .map_err(|why| Failure::new(Exit::Failed, format!("rule {}: {why}", rule.name)))?;
        }
        let options = make::Options {
            save: true,
            force,
            ..make::Options::default()
        };
        make::run(system, &rule, options)?;
    }
    Ok(())
}

/// Runs `unbind`.
pub(super) fn unbind(system: &System, args: &args::Unbind) -> Result {
    moves::run(system, &args.devices, &Target::Nobody, args.options.into()).map(drop)
}

/// Runs `release`.
pub(super) fn release(system: &System, args: &args::Unbind) -> Result {
    moves::run(
        system,
        &args.devices,
        &Target::Standard,
        args.options.into(),
    )
    .map(drop)
}
