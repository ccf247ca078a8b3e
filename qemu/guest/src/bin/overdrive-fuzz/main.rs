// SPDX-License-Identifier: GPL-2.0

//! Sequences of everything that a user can do to overdrive, guided by which of its blocks they reach.
//!
//! `overdrive-fuzz SECONDS SEED` tries new sequences, on top of those in `/etc/overdrive-corpus`, one
//! a line. `overdrive-fuzz replay COUNT` does those in that file, COUNT times over. A sequence is
//! bytes, four for a step; they are written in hexadecimal.
//!
//! What the host needs is printed in lines of their own:
//!
//! ```text
//! fuzz-corpus SEQUENCE            it reached something new
//! fuzz-finding SEQUENCE           what it has left behind is told in the lines before
//! fuzz-total SEQUENCES EDGES      so many were tried; so many blocks, counted by how often they run
//! ```

mod corpus;
mod machine;
mod reached;
mod steps;
mod watchdog;

use std::{
    fs,
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use self::{
    corpus::Corpus, machine::Machine, reached::Reached, steps::Sequence, watchdog::Watchdog,
};

const CORPUS: &str = "/etc/overdrive-corpus";

/// Does one sequence and looks at what it has left behind.
fn try_sequence(
    machine: &Machine,
    watchdog: &Watchdog,
    reached: &mut Reached,
    sequence: &Sequence,
) -> Result<bool> {
    // The kernel's log tells which one was the last.
    fs::write("/dev/kmsg", format!("overdrive-fuzz: {sequence}\n")).context("/dev/kmsg")?;
    watchdog.watch(sequence);
    sequence.run(machine);
    // What a sequence reaches, not what is done to clean up after it.
    let new = reached.take()?;
    let checked = machine.check().and_then(|()| machine.restore());
    watchdog.rest();
    reached.forget()?;
    if let Err(error) = checked {
        println!("{error:#}\nfuzz-finding {sequence}");
        bail!("a finding");
    }
    Ok(new)
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (first, second) = match arguments.as_slice() {
        [first, second] => (first.as_str(), second.parse::<u64>()?),
        _ => bail!("usage: overdrive-fuzz SECONDS SEED | replay COUNT"),
    };
    overdrive_guest::sigbus::survive()?;
    for module in ["overdrive", "vfio-pci", "pci-stub"] {
        if !Command::new("modprobe").arg(module).status()?.success() {
            bail!("cannot load {module}");
        }
    }
    let machine = Machine::survey()?;
    let watchdog = Watchdog::start();
    let mut reached = Reached::default();
    reached.forget()?;
    let mut corpus = Corpus::load(CORPUS, second)?;

    if first == "replay" {
        for _ in 0..second {
            for sequence in corpus.all() {
                try_sequence(&machine, &watchdog, &mut reached, sequence)?;
            }
        }
        return Ok(());
    }
    let end = Instant::now() + Duration::from_secs(first.parse()?);
    let mut count = 0_u64;
    while Instant::now() < end {
        // What is known already is tried first, to know what is not new.
        let sequence = corpus.next();
        let new = try_sequence(&machine, &watchdog, &mut reached, &sequence)?;
        count += 1;
        if new && corpus.keep(&sequence) {
            println!("fuzz-corpus {sequence}");
        }
        if count % 20 == 0 {
            println!("fuzz-total {count} {}", reached.edges());
        }
    }
    println!("fuzz-total {count} {}", reached.edges());
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("overdrive-fuzz: {error:#}");
            ExitCode::FAILURE
        }
    }
}
