// SPDX-License-Identifier: GPL-2.0

//! The command `overdrive`: which driver owns a device.
//!
//! From top to bottom, each layer uses those below it only:
//!
//! - [`args`] is what a person types; [`command`] has one file for each command.
//! - [`doctor`] has the findings, one file for each area.
//! - [`moves`] brings devices to other drivers: with the module's transactions, or by hand.
//! - [`monitor`] is a running account of devices and rules, from the kernel's uevents.
//! - [`policy`] foresees what rules do to the devices that are here, by the kernel's own code.
//! - [`transaction`] is the module's file `/dev/overdrive`.
//! - [`store`] is the folder `/etc/overdrive.d`: reading, checking, writing.
//! - [`rule`], [`slot`] and [`bus`] are the module's files in configfs and sysfs.
//! - [`users`] tells who uses a device, one file for each kind of use.
//! - [`device`] is a device as sysfs shows it, and how people call it; [`modules`] is what modprobe knows.
//! - [`system`] is the machine's files, below a root folder that a test can choose by `OVERDRIVE_ROOT`.
//! - [`output`] is tables, JSON and messages; [`failure`] is how a command ends.

pub mod args;
pub mod boot_trial;
pub mod bus;
pub mod command;
pub mod device;
pub mod doctor;
pub mod failure;
pub mod modules;
pub mod monitor;
pub mod moves;
pub mod output;
pub mod policy;
pub mod rule;
pub mod slot;
pub mod store;
pub mod system;
pub mod transaction;
pub mod users;

use std::process::ExitCode;

use clap::Parser;

use crate::{args::Args, system::System};

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let args = Args::parse();
    let system = System::from_env();
    match command::run(&system, args.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(),
    }
}
