// SPDX-License-Identifier: GPL-2.0

//! `bus`: driver_override for buses that lack it.

use crate::{
    args,
    bus::{self, BUSES},
    device::all_buses,
    failure::{Exit, Failure, Result, reason},
    output::table::{Table, Tone},
    rule::configfs,
    system::System,
};

/// Runs the command.
pub(super) fn run(system: &System, args: &args::Bus) -> Result {
    if let args::Bus::Add { bus, .. } | args::Bus::Del { bus } = args {
        if bus.is_empty() || bus.starts_with('.') || bus.contains('/') {
            return Err(Failure::usage(format!("'{bus}' is no bus's name")));
        }
    }
    match args {
        args::Bus::Add { scope, bus } => {
            if !system.is_dir(&format!("/sys/bus/{bus}")) {
                return Err(Failure::new(
                    Exit::NotFound,
                    format!("there is no bus {bus}"),
                ));
            }
            require_buses(system)?;
            bus::extend(system, bus, *scope).map_err(|why| {
                Failure::new(Exit::Failed, format!("the bus {bus} is as it was: {why}"))
            })
        }
        args::Bus::Del { bus } => {
            require_buses(system)?;
            let folder = format!("{BUSES}/{bus}");
            if !system.is_dir(&folder) {
                return Err(Failure::new(
                    Exit::NotFound,
                    format!("the bus {bus} is not extended"),
                ));
            }
            system.rmdir(&folder).map_err(|error| {
                Failure::new(
                    Exit::Failed,
                    format!("the bus {bus} stays extended: {}", reason(&error)),
                )
            })
        }
        args::Bus::List => {
            list(system);
            Ok(())
        }
    }
}

fn require_buses(system: &System) -> Result {
    configfs::require_module(system)?;
    if !system.is_dir(BUSES) {
        return Err(Failure::new(
            Exit::Failed,
            format!("this overdrive can't extend buses: there is no {BUSES}"),
        ));
    }
    Ok(())
}

/// Lists all buses that have devices, and where the override of these comes from.
fn list(system: &System) {
    let extended = bus::extended(system);
    let mut table = Table::with_head(&["BUS", "DEVICES", "OVERRIDE"]);
    for name in all_buses(system) {
        let count = system.list(&format!("/sys/bus/{name}/devices")).len();
        if count == 0 {
            continue;
        }
        let scope = extended
            .iter()
            .find(|(its, _)| *its == name)
            .map(|(_, scope)| scope);
        let (tone, text) = match scope {
            Some(scope) => (Tone::Userspace, format!("overdrive's, {scope}")),
            None if bus::is_native(system, &name) => (Tone::Plain, "the kernel's".to_owned()),
            None => (Tone::Idle, "none".to_owned()),
        };
        table.row(tone, [name, count.to_string(), text]);
    }
    table.print();
}
