// SPDX-License-Identifier: GPL-2.0

//! Builds overdrive's test kernel, boots it in QEMU and judges what happens there.

mod accel;
mod control;
mod env;
mod initramfs;
mod kernel;
mod klog;
mod ktap;
mod machine;
mod progress;
mod qemu;
mod qmp;
mod selftest;
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
    /// Run the selftests; the last line counts them, the exit status is the verdict
    Test(test::TestArgs),
}

fn run(cli: &Cli) -> Result<()> {
    match &cli.command {
        Command::Test(args) => test::run(&Target::new(&cli.target, Flavor::Test)?, args),
    }
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("overdrive-harness: {error:#}");
            ExitCode::FAILURE
        }
    }
}
