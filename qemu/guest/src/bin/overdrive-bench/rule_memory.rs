// SPDX-License-Identifier: GPL-2.0

//! The memory that a rule takes, against what it may take.
//!
//! The rules are made first, with the longest texts that a rule can have. What the kernel's
//! allocators hand out when they are put in force is the module's own.

use crate::hot_add::Rule;
use crate::module::Module;
use anyhow::{Context, Result};
use std::fs;

pub const NAME: &str = "bytes-per-rule";
pub const MACHINE: &str = "q35";

/// Bytes that one rule may take.
const BUDGET: u64 = 512;

/// Enough for what else goes on in the kernel not to matter.
const RULES: u32 = 2_000;

/// The longest that all texts of a rule can be together, its name included.
const LONGEST: usize = 256;

/// As many as each figure has.
const SAMPLES: u32 = 5;

/// Takes all samples, and prints them. The budget stands for a peer.
pub fn measure() -> Result<()> {
    println!("bench-limit {NAME} 1.00");
    for _ in 0..SAMPLES {
        println!("bench-sample {NAME} ours {}", sample()?);
        println!("bench-sample {NAME} peer {BUDGET}");
    }
    Ok(())
}

fn sample() -> Result<u64> {
    let _module = Module::load("overdrive")?;
    let rules = (0..RULES)
        .map(|number| Rule::new(number, longest))
        .collect::<Result<Vec<_>>>()?;

    let before = used()?;
    rules.iter().try_for_each(|rule| rule.enable(true))?;
    let after = used()?;
    Ok(after.saturating_sub(before) / u64::from(RULES))
}

/// A pattern that differs from all others in the beginning.
fn longest(number: u32) -> (&'static str, String) {
    let texts = number.to_string().len() + Rule::DRIVER.len();

    (
        "device",
        format!("{number:-<width$}*", width = LONGEST - texts - 1),
    )
}

/// Bytes that the kernel's allocators of small and of large memory have handed out.
fn used() -> Result<u64> {
    let text = fs::read_to_string("/proc/meminfo")?;
    let kib = |key: &str| -> Result<u64> {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(key))
            .context("a line of /proc/meminfo is missing")?;

        Ok(line.trim().trim_end_matches(" kB").parse()?)
    };

    Ok((kib("Slab:")? + kib("VmallocUsed:")?) * 1024)
}
