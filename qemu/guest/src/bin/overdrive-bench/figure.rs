// SPDX-License-Identifier: GPL-2.0

//! Figures, and the way in which they are taken.

use anyhow::{Context, Result};
use std::fmt;

/// One repetition of what is measured. Dropping it undoes what its set-up did.
pub type Step = Box<dyn FnMut() -> Result<()>>;

/// Measurements of each side; their median is the figure.
const SAMPLES: u32 = 5;

/// Repetitions before each measurement, so that caches and one-time allocations don't count.
const WARM_UP: u32 = 3;

/// A limit that a figure must keep.
pub enum Limit {
    /// This ratio of ours to the peer's, or a lower one.
    Ratio(f64),
    /// As many instructions more than the peer's, or fewer.
    More(u64),
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ratio(ratio) => write!(f, "{ratio}"),
            Self::More(more) => write!(f, "+{more}"),
        }
    }
}

/// Something that overdrive does, and the C peer that does the same.
pub struct Figure {
    pub name: &'static str,
    /// The machine that has the devices for it.
    pub machine: &'static str,
    pub limit: Limit,
    /// Repetitions per measurement.
    pub repeat: u32,
    pub ours: fn() -> Result<Step>,
    pub peer: fn() -> Result<Step>,
}

impl Figure {
    /// Takes all samples, both sides in turn, and prints them. `clock` is what counts.
    pub fn measure(&self, clock: fn() -> u64) -> Result<()> {
        println!("bench-limit {} {}", self.name, self.limit);
        for _ in 0..SAMPLES {
            for (side, set_up) in [("ours", self.ours), ("peer", self.peer)] {
                let cost = self
                    .sample(set_up, clock)
                    .with_context(|| format!("{} ({side})", self.name))?;
                println!("bench-sample {} {side} {cost}", self.name);
            }
        }
        Ok(())
    }

    /// Instructions per repetition.
    fn sample(&self, set_up: fn() -> Result<Step>, clock: fn() -> u64) -> Result<u64> {
        let mut step = set_up()?;
        for _ in 0..WARM_UP {
            step()?;
        }

        let start = clock();
        for _ in 0..self.repeat {
            step()?;
        }
        Ok((clock() - start) / u64::from(self.repeat))
    }
}
