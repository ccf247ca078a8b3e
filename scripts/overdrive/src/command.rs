// SPDX-License-Identifier: GPL-2.0

//! The commands, one file each.

mod bind;
mod bus;
mod cdi;
mod check;
mod confirm;
mod doctor;
mod explain;
mod import;
mod list;
mod make;
mod monitor;
mod names;
mod plan;
mod restore;
mod rule;
mod run;
mod save;
mod slot;
mod status;
mod survey;
mod tree;
mod variant;

use crate::{args::Command, boot_trial, failure::Result, system::System};

/// Runs a command.
pub fn run(system: &System, command: Command) -> Result {
    match command {
        Command::List(args) => list::run(system, &args),
        Command::Tree(args) => tree::run(system, &args),
        Command::Status(args) => status::run(system, &args),
        Command::Doctor(args) => doctor::run(system, &args),
        Command::Bind(args) => bind::run(system, &args),
        Command::Confirm(args) => confirm::run(system, &args),
        Command::Variant(args) => variant::run(system, &args),
        Command::Unbind(args) => bind::unbind(system, &args),
        Command::Release(args) => bind::release(system, &args),
        Command::Rule(args) => rule::run(system, &args),
        Command::Slot(args) => slot::run(system, &args),
        Command::Bus(args) => bus::run(system, &args),
        Command::Save(args) => save::run(system, &args),
        Command::Restore(args) => restore::run(system, &args),
        Command::Check(args) => check::run(system, &args),
        Command::Run(args) => run::run(system, &args),
        Command::Explain(args) => explain::run(system, &args),
        Command::Plan(args) => plan::run(system, &args),
        Command::Survey(args) => survey::run(system, &args),
        Command::Import(args) => import::run(system, &args),
        Command::Monitor(args) => monitor::run(system, &args),
        Command::Cdi(args) => cdi::run(system, &args),
        Command::Trial(args) => boot_trial::watch(system, &args.rule, args.seconds),
        Command::Names(args) => names::run(system, &args),
    }
}
