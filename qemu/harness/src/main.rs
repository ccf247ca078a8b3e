// SPDX-License-Identifier: GPL-2.0

//! Builds overdrive's test kernel, boots it in QEMU and judges what happens there.

mod accel;
mod acpi;
mod bench;
mod control;
mod coverage;
mod device_tree;
mod env;
mod exec;
mod fuzz;
mod initramfs;
mod kernel;
mod klog;
mod ktap;
mod kvm;
mod machine;
mod play;
mod progress;
mod qemu;
mod qmp;
mod selftest;
mod shell;
mod target;
mod test;
mod tool;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::target::{Flavor, Target, TargetArgs};

#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    #[command(flatten)]
    target: TargetArgs,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build the test kernel, unless the cache has it
    Kernel,
    /// Run the selftests; the last line counts them, the exit status is the verdict
    Test(test::TestArgs),
    /// Play the demonstrations of qemu/demo, one machine after the other
    Run,
    /// Give a shell in a guest with everything loaded; Ctrl-A X ends it
    Shell(shell::ShellArgs),
    /// Count instructions of overdrive and of its C peers, and compare
    Bench(bench::BenchArgs),
    /// Try sequences of everything that a user can do, guided by coverage
    Fuzz(fuzz::FuzzArgs),
}

/// Returns the verdict; an error when there is none.
fn run(cli: &Cli) -> Result<bool> {
    let target = |flavor| Target::new(&cli.target, flavor);
    match &cli.command {
        Command::Kernel => kernel::run(&target(Flavor::Test)?).map(|()| true),
        Command::Test(args) => test::run(&target(Flavor::Test)?, args),
        Command::Run => play::run(&target(Flavor::Test)?).map(|()| true),
        Command::Shell(args) => shell::run(&target(Flavor::Test)?, args).map(|()| true),
        Command::Bench(args) => bench::run(&target(Flavor::Bench)?, args),
        Command::Fuzz(args) => fuzz::run(&target(Flavor::Test)?, args),
    }
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("overdrive-harness: {error:#}");
            ExitCode::FAILURE
        }
    }
}
