// SPDX-License-Identifier: GPL-2.0

//! `bind`, `unbind`, `release`: devices change drivers.

use crate::{
    args::{self, MoveOptions},
    failure::{Failure, Result},
    moves::{self, Options, Target},
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
    moves::run(system, devices, &target, args.options.into())
}

/// Runs `unbind`.
pub(super) fn unbind(system: &System, args: &args::Unbind) -> Result {
    moves::run(system, &args.devices, &Target::Nobody, args.options.into())
}

/// Runs `release`.
pub(super) fn release(system: &System, args: &args::Unbind) -> Result {
    moves::run(
        system,
        &args.devices,
        &Target::Standard,
        args.options.into(),
    )
}
