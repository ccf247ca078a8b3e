// SPDX-License-Identifier: GPL-2.0

//! `run`: lends devices to a command, and has them back however it ends.

use std::{os::unix::process::CommandExt, process::Command};

use rustix::io::{FdFlags, fcntl_setfd};

use crate::{
    args,
    device::{Device, find},
    failure::{Exit, Failure, Result, reason},
    modules,
    moves::{Loan, Target},
    system::System,
};

/// Runs the command. The program becomes the command that it runs, which so has the file that the loan hangs on, and
/// whose exit status and signals are its own.
pub(super) fn run(system: &System, args: &args::Run) -> Result {
    let Some((program, rest)) = args.command.split_first() else {
        return Err(Failure::usage("run needs a command"));
    };
    let mut wanted: Vec<(String, Vec<Device>)> = Vec::new();
    for word in &args.with {
        let (device, driver) = split(system, word)?;
        let driver = match driver {
            Some(driver) => driver,
            None => vfio_driver(system, &device)?,
        };
        match wanted.iter_mut().find(|(its, _)| *its == driver) {
            Some((_, devices)) => devices.push(device),
            None => wanted.push((driver, vec![device])),
        }
    }
    let mut loan = Loan::open(system)?;
    for (driver, devices) in &wanted {
        let target = match driver.as_str() {
            "none" => Target::Nobody,
            name => Target::Driver(name.to_owned()),
        };
        // If one can't be had, the end of this process gives back the others.
        loan.take(system, devices, &target, args.force)?;
    }
    let file = loan.into_file();
    fcntl_setfd(&file, FdFlags::empty())
        .map_err(|error| Failure::new(Exit::Failed, reason(&error.into())))?;
    let error = Command::new(program).args(rest).exec();
    Err(Failure::new(
        Exit::NotFound,
        format!("{program} can't be run: {}", reason(&error)),
    ))
}

/// Splits `DEVICE=DRIVER`; a device's name can have that sign, too.
fn split(system: &System, word: &str) -> Result<(Device, Option<String>)> {
    match (find::find(system, word), word.rsplit_once('=')) {
        (Ok(device), _) => Ok((device, None)),
        (Err(_), Some((name, driver))) if !driver.is_empty() => {
            Ok((find::find(system, name)?, Some(driver.to_owned())))
        }
        (Err(failure), _) => Err(failure),
    }
}

/// Returns the name of the module's own VFIO driver for the device's bus.
fn vfio_driver(system: &System, device: &Device) -> Result<String> {
    modules::parameter(system, &format!("{}_driver", device.bus)).ok_or_else(|| {
        let failed = if modules::is_overdrive_loaded(system) {
            Exit::Failed
        } else {
            Exit::NoModule
        };
        Failure::new(
            failed,
            format!(
                "there is no VFIO driver of overdrive for the bus {}: say which, {}=DRIVER",
                device.bus, device.name
            ),
        )
    })
}
