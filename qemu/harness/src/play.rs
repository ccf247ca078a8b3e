// SPDX-License-Identifier: GPL-2.0

//! `overdrive-harness run`: the demonstrations, one machine after the other.

use std::{sync::mpsc::channel, thread, time::Duration};

use anyhow::{Result, bail};

use crate::{
    accel::Accel,
    exec,
    initramfs::Initramfs,
    kvm,
    machine::{self, Machine},
    qemu::{Config, Console},
    target::Target,
};

const LIMIT_SECONDS: u64 = 120;

/// A script of `qemu/demo` and the machine it is for.
struct Demo {
    machine: &'static str,
    script: &'static str,
}

const DEMOS: &[Demo] = &[
    Demo {
        machine: "q35",
        script: "pci.sh",
    },
    Demo {
        machine: "microvm",
        script: "platform.sh",
    },
    Demo {
        machine: "virt",
        script: "platform.sh",
    },
    Demo {
        machine: "virt",
        script: "amba.sh",
    },
];

pub(crate) fn run(target: &Target) -> Result<()> {
    let mut demos = Vec::new();
    for demo in DEMOS {
        if machine::by_name(demo.machine)?.arch == target.arch {
            demos.push(demo);
        }
    }
    for demo in &demos {
        let script = target.qemu_dir().join("demo").join(demo.script);
        if !script.is_file() {
            bail!("{} is missing", script.display());
        }
    }
    let accel = kvm::choose(target, machine::of(target.arch));
    let initramfs = Initramfs::build(target, &target.selftests())?;

    // All boot at once, for booting is most of the time; each waits to be shown.
    let results = thread::scope(|scope| {
        let shows: Vec<_> = demos
            .iter()
            .copied()
            .map(|demo| {
                let (sender, lines) = channel();
                let initramfs = &initramfs;
                let worker = scope.spawn(move || {
                    play(target, demo, accel, initramfs, |line| {
                        // Nobody listens any more once the run has failed.
                        let _ = sender.send(line.to_owned());
                    })
                });
                (worker, lines)
            })
            .collect();
        shows
            .into_iter()
            .map(|(worker, lines)| {
                for line in lines {
                    println!("{line}");
                }
                worker.join().unwrap_or_else(|_| bail!("a thread panicked"))
            })
            .collect::<Vec<_>>()
    });
    let failures: Vec<String> = results
        .into_iter()
        .filter_map(|result| result.err().map(|error| format!("{error:#}")))
        .collect();
    if failures.is_empty() {
        return Ok(());
    }
    bail!("{}", failures.join("\n"))
}

fn play(
    target: &Target,
    demo: &Demo,
    accel: Accel,
    initramfs: &Initramfs,
    each: impl FnMut(&str),
) -> Result<()> {
    let machine: &Machine = machine::by_name(demo.machine)?;
    let config = Config {
        target,
        machine,
        accel,
        initramfs,
        files: Vec::new(),
        append: exec::append(&format!("/demo/{}", demo.script), machine.name),
        console: Console::Events,
    };
    let log = target.log_dir().join(format!(
        "run-{}-{}-{}.log",
        target.name(),
        machine.name,
        demo.script.trim_end_matches(".sh")
    ));
    let limit: Duration = target.limit(LIMIT_SECONDS);
    exec::run(&config, &format!("demo/{}", demo.script), limit, &log, each)
}
