// SPDX-License-Identifier: GPL-2.0

//! `overdrive-harness fuzz`: the guest program `overdrive-fuzz`, again and again, and what it finds.
//!
//! `build/fuzz-guest` has the corpus, which the next run starts with, and each finding: the sequence
//! that it came with, as `--replay` takes it, and the guest's log.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::{
    exec,
    initramfs::Initramfs,
    kvm, machine,
    qemu::{Config, Console},
    target::Target,
};

const PROGRAM: &str = "overdrive-fuzz";

/// A guest is not to grow old: what one sequence leaves behind must not hide what the next one does.
const GUEST_SECONDS: u64 = 600;

/// The time that a guest takes to boot, and to find that it hangs.
const SPARE_SECONDS: u64 = 420;

/// The number of times that a sequence is replayed in one guest: some need luck.
const REPLAYS: u64 = 20;

/// The words before each sequence in the kernel's log.
const SEQUENCE_IN_LOG: &str = "overdrive-fuzz: ";

/// Arguments of `fuzz`.
#[derive(Args, Debug)]
pub(crate) struct FuzzArgs {
    /// The time to look, in seconds, without the boots
    #[arg(long, default_value_t = 600, value_name = "N")]
    seconds: u64,

    /// Do nothing but the sequences of this file, one a line
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
}

/// The lines that one guest told.
#[derive(Default)]
struct Told {
    corpus: Vec<String>,
    finding: Option<String>,
    sequences: u64,
    edges: u64,
}

impl Told {
    fn take(&mut self, line: &str) {
        if let Some(sequence) = line.strip_prefix("fuzz-corpus ") {
            self.corpus.push(sequence.to_owned());
        } else if let Some(sequence) = line.strip_prefix("fuzz-finding ") {
            self.finding = Some(sequence.to_owned());
        } else if let Some(total) = line.strip_prefix("fuzz-total ") {
            let mut numbers = total.split(' ').map_while(|word| word.parse().ok());
            self.sequences = numbers.next().unwrap_or(0);
            self.edges = numbers.next().unwrap_or(0);
        } else {
            println!("{line}");
        }
    }
}

/// Returns `true` if nothing was found.
pub(crate) fn run(target: &Target, args: &FuzzArgs) -> Result<bool> {
    if !target.coverage {
        bail!("it is guided by coverage: `make fuzz-guest` builds the module for it");
    }
    let dir = target.build_dir().join("fuzz-guest");
    fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let initramfs = Initramfs::build(target, &target.selftests())?;
    if let Some(file) = &args.replay {
        let sequences =
            fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let mut told = Told::default();
        let arguments = format!("replay {REPLAYS}");
        let log = dir.join("replay.log");
        return match boot(
            target,
            &initramfs,
            &arguments,
            sequences,
            SPARE_SECONDS,
            &log,
            &mut told,
        ) {
            Ok(()) => {
                println!("{REPLAYS} times without a finding");
                Ok(true)
            }
            Err(error) => {
                println!("{error:#}");
                Ok(false)
            }
        };
    }

    let file = dir.join("corpus");
    let mut corpus: BTreeSet<String> = fs::read_to_string(&file)
        .unwrap_or_default()
        .lines()
        .map(str::to_owned)
        .collect();
    let start = Instant::now();
    let (mut sequences, mut edges, mut findings) = (0, 0, 0);
    loop {
        let left = args.seconds.saturating_sub(start.elapsed().as_secs());
        if left == 0 {
            break;
        }
        let seconds = left.min(GUEST_SECONDS);
        let seed = SystemTime::UNIX_EPOCH
            .elapsed()
            .map_or(1, |time| time.as_secs());
        let log = dir.join(format!("{seed}.log"));
        let list = corpus
            .iter()
            .fold(String::new(), |text, line| text + line + "\n");
        let mut told = Told::default();
        let result = boot(
            target,
            &initramfs,
            &format!("{seconds} {seed}"),
            list,
            seconds + SPARE_SECONDS,
            &log,
            &mut told,
        );
        sequences += told.sequences;
        edges = edges.max(told.edges);
        corpus.extend(told.corpus);
        let list = corpus
            .iter()
            .fold(String::new(), |text, line| text + line + "\n");
        fs::write(&file, list).with_context(|| format!("cannot write {}", file.display()))?;
        match result {
            Ok(()) => fs::remove_file(&log).context("cannot remove a log")?,
            Err(error) => {
                findings += 1;
                let sequence = told.finding.or_else(|| last_sequence(&log));
                let finding = dir.join(format!("finding-{seed}"));
                fs::write(&finding, sequence.unwrap_or_default() + "\n")
                    .with_context(|| format!("cannot write {}", finding.display()))?;
                println!("{error:#}\nthe sequence: {}", finding.display());
            }
        }
    }
    println!(
        "{sequences} sequences, {edges} edges, {} sequences in the corpus, {findings} findings",
        corpus.len()
    );
    if sequences == 0 {
        bail!("no sequence was tried");
    }
    Ok(findings == 0)
}

fn boot(
    target: &Target,
    initramfs: &Initramfs,
    arguments: &str,
    corpus: String,
    seconds: u64,
    log: &Path,
    told: &mut Told,
) -> Result<()> {
    let machine = machine::of(target.arch);
    let config = Config {
        target,
        machine,
        accel: kvm::choose(target, machine),
        initramfs,
        files: vec![("etc/overdrive-corpus", corpus)],
        append: exec::append(&format!("\"/bin/{PROGRAM} {arguments}\""), machine.name),
        console: Console::Events,
    };
    let limit = Duration::from_secs(seconds) + target.limit(60);
    exec::run(&config, PROGRAM, limit, log, |line| told.take(line))
}

/// The sequence that a guest had begun when it was lost.
fn last_sequence(log: &Path) -> Option<String> {
    let text = fs::read_to_string(log).ok()?;
    let (_, after) = text.rsplit_once(SEQUENCE_IN_LOG)?;
    Some(after.lines().next()?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_fuzzer_are_taken() {
        let mut told = Told::default();
        for line in [
            "fuzz-corpus 00",
            "fuzz-total 20 300",
            "fuzz-total 40 310",
            "fuzz-finding 0a",
        ] {
            told.take(line);
        }
        assert_eq!(told.corpus, ["00"]);
        assert_eq!((told.sequences, told.edges), (40, 310));
        assert_eq!(told.finding.as_deref(), Some("0a"));
    }
}
