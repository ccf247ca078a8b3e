// SPDX-License-Identifier: GPL-2.0

//! Keeps the kernel's messages from the console, which takes thousands of instructions for each.

use std::fs;

use anyhow::{Context, Result, ensure};

const LEVELS: &str = "/proc/sys/kernel/printk";
const TAINTED: &str = "/proc/sys/kernel/tainted";

/// In the taint flags: there was a WARNING.
const WARNED: u64 = 1 << 9;

/// Only what is worse than a warning comes to the console for as long as this lives.
pub struct Quiet {
    levels: String,
}

impl Quiet {
    pub fn new() -> Result<Self> {
        let levels = fs::read_to_string(LEVELS).context(LEVELS)?;

        fs::write(LEVELS, "4").context(LEVELS)?;
        Ok(Self { levels })
    }

    /// A console on which warnings do not appear while this lives.
    pub fn finish(self) -> Result<()> {
        let flags: u64 = fs::read_to_string(TAINTED)
            .context(TAINTED)?
            .trim()
            .parse()
            .context(TAINTED)?;

        ensure!(
            flags & WARNED == 0,
            "the kernel had a WARNING while measuring"
        );
        Ok(())
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        if let Err(error) = fs::write(LEVELS, &self.levels) {
            eprintln!("{LEVELS}: {error}");
        }
    }
}
