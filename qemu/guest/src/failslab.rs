// SPDX-License-Identifier: GPL-2.0

//! Allocations that fail, one after the other: `/proc/thread-self/fail-nth`.

use std::{fs::OpenOptions, io, os::unix::fs::FileExt};

use anyhow::{Context, Result, bail};

const FAIL_NTH: &str = "/proc/thread-self/fail-nth";

/// More allocations than anything here makes.
const LIMIT: u32 = 2000;

/// Calls `action` with the first allocation failing, then with the second, until none fails.
/// Returns how many failures there were, and how many of them the caller was told.
///
/// `undo` puts everything back, and returns whether to end here.
pub fn each_allocation(
    action: impl FnMut() -> io::Result<()>,
    undo: impl FnMut(bool) -> Result<bool>,
) -> Result<(u32, u32)> {
    each_allocation_by(1, action, undo)
}

/// Like [`each_allocation`] for each `step`th one.
pub fn each_allocation_by(
    step: usize,
    mut action: impl FnMut() -> io::Result<()>,
    mut undo: impl FnMut(bool) -> Result<bool>,
) -> Result<(u32, u32)> {
    let (mut failed, mut told) = (0, 0);

    // Opened once: that allocates.
    let fail_nth = OpenOptions::new().read(true).write(true).open(FAIL_NTH)?;

    for nth in (1..LIMIT).step_by(step) {
        fail_nth.write_all_at(nth.to_string().as_bytes(), 0)?;
        let result = action();
        let mut left = [0; 16];
        let len = fail_nth.read_at(&mut left, 0)?;
        fail_nth.write_all_at(b"0", 0)?;

        let left: u32 = std::str::from_utf8(&left[..len])?.trim().parse()?;
        let over =
            undo(result.is_ok()).with_context(|| format!("after failure {nth}: {result:?}"))?;
        if over {
            return Ok((failed + 1, told + 1));
        }
        if left > 0 {
            result.context("no allocation failed, but the call did")?;
            return Ok((failed, told));
        }
        failed += 1;
        if result.is_err() {
            told += 1;
        }
    }
    bail!("still failing after {LIMIT} allocations")
}
