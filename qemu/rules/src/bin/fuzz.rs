// SPDX-License-Identifier: GPL-2.0

//! Feeds the target with ever new bytes, guided by which of its code they reach.
//!
//! `fuzz SECONDS [FILE]`: keeps what reached something new, and goes on from there. With a file, only
//! that is tried. The compiler counts how often each edge of the program is taken (LLVM's
//! SanitizerCoverage; `make fuzz` asks for it), in counters that it tells of at the start.

use overdrive_rules::fuzz::fuzz;
use std::{
    collections::HashSet,
    panic, process,
    sync::Mutex,
    time::{Duration, Instant},
};

/// The place of the counters: addresses of the first and behind the last, for each part of the program.
static COUNTERS: Mutex<Vec<(usize, usize)>> = Mutex::new(Vec::new());

/// Called for each part of the program, before `main`.
#[no_mangle]
extern "C" fn __sanitizer_cov_8bit_counters_init(start: *mut u8, end: *mut u8) {
    if let Ok(mut counters) = COUNTERS.lock() {
        counters.push((start.addr(), end.addr()));
    }
}

/// Also called, with where the code is.
#[no_mangle]
extern "C" fn __sanitizer_cov_pcs_init(_: *const usize, _: *const usize) {}

/// Returns the edges that were reached since the last call, and about how often.
fn reached() -> Vec<(usize, u32)> {
    let mut reached = Vec::new();
    let Ok(counters) = COUNTERS.lock() else {
        return reached;
    };

    for address in counters.iter().flat_map(|&(start, end)| start..end) {
        let counter = std::ptr::with_exposed_provenance_mut::<u8>(address);
        // SAFETY: The compiler made a counter there, which only this thread's code counts.
        let count = unsafe { counter.replace(0) };

        if count != 0 {
            reached.push((address, count.ilog2()));
        }
    }
    reached
}

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        // Truncation is what is wanted.
        self.0 as usize % limit.max(1)
    }
}

/// Parts of texts that would take long to find.
const WORDS: &[&[u8]] = &[
    b"name=",
    b"bus=",
    b"device=",
    b"parent=",
    b"path=",
    b"below=",
    b"firmware=",
    b"serial=",
    b"vf=",
    b"@standard",
    b",,",
    b"pci:v0000",
    b"0123456789abcdef",
    b"modalias=",
    b"driver=",
    b"group_owned=1",
    b"@group",
    b"none",
    b"platform/",
    b"(01:02.3)",
    b"0000:00:00.0",
    b"[a-z]",
    b"[!a]",
    b"\\*",
    b"*",
    b"?",
    b";",
    b",",
    b"\0",
];

/// Changes a few things.
fn mutate(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut data = corpus[random.below(corpus.len())].clone();

    for _ in 0..=random.below(4) {
        let at = random.below(data.len() + 1);

        match random.below(6) {
            0 => data.insert(at, random.below(256) as u8),
            1 if at < data.len() => data[at] = random.below(256) as u8,
            2 if at < data.len() => data[at] ^= 1 << random.below(8),
            3 => drop(data.drain(at..(at + random.below(8)).min(data.len()))),
            4 => drop(data.splice(at..at, WORDS[random.below(WORDS.len())].iter().copied())),
            _ => {
                let other = &corpus[random.below(corpus.len())];

                data.truncate(at);
                data.extend_from_slice(&other[random.below(other.len() + 1)..]);
            }
        }
    }
    data.truncate(512);
    data
}

/// Tries one input; what it should not survive ends the program.
fn try_input(data: &[u8]) {
    if panic::catch_unwind(|| fuzz(data)).is_err() {
        eprintln!("with the bytes {}", data.escape_ascii());
        if std::fs::write("fuzz-failure", data).is_ok() {
            eprintln!("which are in the file fuzz-failure now");
        }
        process::exit(1);
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let seconds = arguments.first().and_then(|seconds| seconds.parse().ok());
    let Some(seconds) = seconds else {
        eprintln!("usage: fuzz SECONDS [FILE]");
        process::exit(2);
    };
    if let Some(file) = arguments.get(1) {
        match std::fs::read(file) {
            Ok(data) => try_input(&data),
            Err(error) => {
                eprintln!("{file}: {error}");
                process::exit(2);
            }
        }
        return;
    }

    let end = Instant::now() + Duration::from_secs(seconds);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut corpus: Vec<Vec<u8>> = (0..5).map(|kind| vec![kind]).collect();
    let mut known = HashSet::new();
    let mut tried = 0_u64;

    while Instant::now() < end {
        let data = mutate(&mut random, &corpus);

        try_input(&data);
        tried += 1;
        let before = known.len();
        known.extend(reached());
        if known.len() > before {
            corpus.push(data);
        }
    }
    println!(
        "{tried} inputs tried, {} kept; {} edges, counted by how often they are taken",
        corpus.len(),
        known.len()
    );
    if known.is_empty() {
        eprintln!("no edge was counted: make fuzz has it built in the right way");
        process::exit(1);
    }
}
