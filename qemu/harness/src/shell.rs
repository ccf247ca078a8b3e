// SPDX-License-Identifier: GPL-2.0

//! `overdrive-harness shell`: a guest for people.

use std::{sync::mpsc::channel, thread};

use anyhow::{Result, bail};
use clap::Args;

use crate::{
    initramfs::Initramfs,
    kvm, machine,
    qemu::{Config, Console, Qemu},
    target::Target,
};

/// Arguments of `shell`.
#[derive(Args, Debug)]
pub(crate) struct ShellArgs {
    /// Which machine to boot [default: the architecture's first]
    #[arg(long, value_name = "NAME")]
    machine: Option<String>,

    /// More kernel command line
    #[arg(long, value_name = "WORDS", default_value = "")]
    append: String,
}

pub(crate) fn run(target: &Target, args: &ShellArgs) -> Result<()> {
    let machine = match &args.machine {
        Some(name) => machine::by_name(name)?,
        None => machine::of(target.arch),
    };
    if machine.arch != target.arch {
        bail!("{} is a machine for {}", machine.name, machine.arch);
    }
    let (sender, events) = channel();
    let mut qemu = Qemu::start(
        &Config {
            target,
            machine,
            accel: kvm::choose(target, machine),
            initramfs: &Initramfs::build(target, &target.selftests())?,
            files: Vec::new(),
            append: format!(
                "loglevel=4 OVERDRIVE_MODE=shell OVERDRIVE_MACHINE={} {}",
                machine.name, args.append
            ),
            console: Console::Terminal,
        },
        &sender,
    )?;
    drop(sender);
    // Programs may write to the port here as well: it must not fill up.
    thread::spawn(move || for _ in events {});
    let status = qemu.wait()?;
    if !status.success() {
        bail!("QEMU: {status}");
    }
    Ok(())
}
