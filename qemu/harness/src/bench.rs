// SPDX-License-Identifier: GPL-2.0

//! `overdrive-harness bench`: instructions that overdrive takes, and that its C peers take.
//!
//! With `-icount shift=0` every instruction of the guest is one nanosecond of its time, and one
//! processor takes them in turn: a guest's clock counts instructions, whatever the host is doing.
//!
//! The guest program `overdrive-bench` measures. It prints, on the port:
//!
//! ```text
//! bench-limit NAME LIMIT          ours may be LIMIT times the peer's; or, with "+" before it, so
//!                                 many instructions more
//! bench-sample NAME ours VALUE    one measurement
//! bench-sample NAME peer VALUE
//! ```

mod chart;
mod figure;

use std::fs;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::json;

use self::figure::{Figure, Samples};
use crate::{
    accel::Accel,
    exec,
    initramfs::Initramfs,
    machine::{self, Machine},
    qemu::{Config, Console},
    target::Target,
};

/// Those of the architecture, one after the other; each takes the figures that it has the devices for.
const MACHINES: &[&str] = &["q35", "q35-set", "microvm-acpi", "virt"];
const PROGRAM: &str = "overdrive-bench";
const LIMIT_SECONDS: u64 = 600;

/// Arguments of `bench`.
#[derive(Args, Debug)]
pub(crate) struct BenchArgs {
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,

    /// Only these figures, by name
    figures: Vec<String>,
}

/// Returns whether every figure is within its limit.
pub(crate) fn run(target: &Target, args: &BenchArgs) -> Result<bool> {
    let program = target.guest_programs().join(PROGRAM);
    if !program.is_file() {
        bail!(
            "no guest program at {}; `make guest` builds it",
            program.display()
        );
    }
    let initramfs = Initramfs::build(target, &target.selftests())?;
    let mut samples = Samples::default();
    for name in MACHINES {
        let machine = machine::by_name(name)?;
        if machine.arch == target.arch {
            measure(target, machine, &initramfs, &args.figures, &mut samples)?;
        }
    }
    let figures = samples.figures()?;
    let json = to_json(target, &figures)?;
    let dir = target.build_dir().join("bench");
    fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let file = dir.join(format!("{}.json", target.name()));
    fs::write(&file, &json).with_context(|| format!("cannot write {}", file.display()))?;
    chart::draw(&dir.join(format!("{}.svg", target.name())), &figures)?;

    if args.json {
        println!("{}", json.trim_end());
    } else {
        for figure in &figures {
            println!("{figure}");
        }
    }
    let mut good = true;
    for figure in figures.iter().filter(|figure| figure.is_over()) {
        eprintln!("{} is over its limit", figure.name);
        good = false;
    }
    Ok(good)
}

/// Boots one machine and takes its samples.
fn measure(
    target: &Target,
    machine: &'static Machine,
    initramfs: &Initramfs,
    wanted: &[String],
    samples: &mut Samples,
) -> Result<()> {
    // The program and its arguments.
    let program = format!("\"/bin/{PROGRAM} {}\"", wanted.join(" "));
    let config = Config {
        target,
        machine,
        accel: Accel::Counting,
        initramfs,
        files: Vec::new(),
        append: exec::append(&program, machine.name),
        console: Console::Events,
    };
    let log = target
        .log_dir()
        .join(format!("bench-{}-{}.log", target.name(), machine.name));
    let mut mistakes = Vec::new();
    exec::run(
        &config,
        PROGRAM,
        target.limit(LIMIT_SECONDS),
        &log,
        |line| match samples.take(line) {
            Ok(true) => {}
            Ok(false) => eprintln!("{line}"),
            Err(error) => mistakes.push(format!("{line}: {error:#}")),
        },
    )?;
    if !mistakes.is_empty() {
        bail!("{PROGRAM} printed nonsense:\n{}", mistakes.join("\n"));
    }
    Ok(())
}

fn to_json(target: &Target, figures: &[Figure]) -> Result<String> {
    let value = json!({
        "kernel": target.env.get("KERNEL_VERSION")?,
        "arch": target.arch.to_string(),
        "unit": "instructions",
        "figures": figures,
    });
    Ok(format!("{value:#}\n"))
}
