// SPDX-License-Identifier: GPL-2.0

//! Allocations that fail, one after the other: `/proc/thread-self/fail-nth`.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::Path,
};

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
    let counts = allocations((1..LIMIT).step_by(step()), action, undo)?;

    match counts.passed {
        true => Ok((counts.failed, counts.told)),
        false => bail!("still failing after {LIMIT} allocations"),
    }
}

/// The distance of those that fail: a kernel that watches its memory takes many times as long.
fn step() -> usize {
    match Path::new("/sys/kernel/debug/kmemleak").exists() {
        true => 3,
        false => 1,
    }
}

/// The outcome of failing allocations.
#[derive(Default)]
pub struct Counts {
    /// The number of them.
    pub failed: u32,
    /// The number of those that the caller was told.
    pub told: u32,
    /// There was no further one, or `undo` ended it.
    pub passed: bool,
}

/// Calls `action` with each of these allocations failing, up to where there are none.
///
/// `undo` is as for [`each_allocation`].
pub fn allocations(
    which: impl Iterator<Item = u32>,
    mut action: impl FnMut() -> io::Result<()>,
    mut undo: impl FnMut(bool) -> Result<bool>,
) -> Result<Counts> {
    let mut counts = Counts::default();
    // Opened once: that allocates.
    let fail_nth = FailNth::open()?;

    for nth in which {
        let (result, left) = fail_nth.call(nth, &mut action)?;
        let over =
            undo(result.is_ok()).with_context(|| format!("after failure {nth}: {result:?}"))?;

        if left > 0 {
            result.context("no allocation failed, but the call did")?;
            counts.passed = true;
            break;
        }
        counts.failed += 1;
        counts.told += u32::from(result.is_err());
        if over {
            counts.passed = true;
            break;
        }
    }
    Ok(counts)
}

/// Returns how many allocations `action` makes, none of which fails.
pub fn count(action: impl FnMut() -> io::Result<()>) -> Result<u32> {
    const NEVER: u32 = 1 << 20;
    let (_, left) = FailNth::open()?.call(NEVER, action)?;

    Ok(NEVER - left)
}

struct FailNth(File);

impl FailNth {
    fn open() -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(FAIL_NTH)?;

        Ok(Self(file))
    }

    /// Calls `action` with its `nth` allocation failing. Returns what came of it, and what is left to that.
    fn call(
        &self,
        nth: u32,
        mut action: impl FnMut() -> io::Result<()>,
    ) -> Result<(io::Result<()>, u32)> {
        self.0.write_all_at(nth.to_string().as_bytes(), 0)?;
        let result = action();
        let mut left = [0; 16];
        let len = self.0.read_at(&mut left, 0)?;
        self.0.write_all_at(b"0", 0)?;

        let left = std::str::from_utf8(&left[..len])?.trim().parse()?;
        Ok((result, left))
    }
}
