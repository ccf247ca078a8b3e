// SPDX-License-Identifier: GPL-2.0

//! Which blocks of the module have run, as `overdrive_coverage.ko` tells.

use std::{collections::HashSet, fs};

use anyhow::{Context, Result};

/// Each reading takes what it tells of.
const FILE: &str = "/sys/kernel/debug/overdrive_coverage/reached";

/// Everything that was reached so far: blocks, and about how often they ran in one sequence.
#[derive(Default)]
pub(crate) struct Reached(HashSet<(u64, u32)>);

impl Reached {
    /// Takes what has run since the last time; returns `true` if something of it is new.
    pub(crate) fn take(&mut self) -> Result<bool> {
        let before = self.0.len();
        for line in read()?.lines() {
            let block = line.split_once(' ').and_then(|(address, count)| {
                let count: u32 = count.parse().ok()?;
                Some((
                    u64::from_str_radix(address, 16).ok()?,
                    count.checked_ilog2()?,
                ))
            });
            self.0.extend(block);
        }
        Ok(self.0.len() > before)
    }

    /// Leaves out what has run since the last time.
    pub(crate) fn forget(&self) -> Result<()> {
        read().map(drop)
    }

    /// The number of blocks, each as often as its counts differ.
    pub(crate) fn edges(&self) -> usize {
        self.0.len()
    }
}

fn read() -> Result<String> {
    fs::read_to_string(FILE)
        .with_context(|| format!("{FILE}: is the module built with COVERAGE=1?"))
}
