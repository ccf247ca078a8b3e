// SPDX-License-Identifier: GPL-2.0

//! The sequences that reached something new, and new ones made of them.

use std::fs;

use anyhow::{Context, Result};

use crate::steps::{MAX_STEPS, STEP, Sequence};

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit.max(1)
    }

    fn byte(&mut self) -> u8 {
        self.below(256) as u8
    }
}

pub(crate) struct Corpus {
    sequences: Vec<Sequence>,
    /// The number of those that were tried as they are.
    tried: usize,
    random: Random,
}

impl Corpus {
    /// Reads the sequences of a file; none if there is no such file.
    pub(crate) fn load(path: &str, seed: u64) -> Result<Self> {
        let text = fs::read_to_string(path).unwrap_or_default();
        let sequences = text
            .lines()
            .map(|line| Sequence::parse(line).with_context(|| format!("{path}: {line}")))
            .collect::<Result<_>>()?;
        Ok(Self {
            sequences,
            tried: 0,
            random: Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
        })
    }

    pub(crate) fn all(&self) -> &[Sequence] {
        &self.sequences
    }

    /// Keeps a sequence; returns `false` if it is there already.
    pub(crate) fn keep(&mut self, sequence: &Sequence) -> bool {
        let new = !self.sequences.contains(sequence);
        if new {
            self.sequences.push(sequence.clone());
            self.tried = self.tried.max(self.sequences.len());
        }
        new
    }

    /// The next one to try.
    pub(crate) fn next(&mut self) -> Sequence {
        if let Some(sequence) = self.sequences.get(self.tried) {
            self.tried += 1;
            return sequence.clone();
        }
        let random = &mut self.random;
        // Something wholly new now and then.
        if self.sequences.is_empty() || random.below(8) == 0 {
            let steps = 1 + random.below(MAX_STEPS / 2);
            return Sequence((0..steps * STEP).map(|_| random.byte()).collect());
        }
        let mut bytes = self.sequences[random.below(self.sequences.len())].0.clone();
        for _ in 0..=random.below(3) {
            let steps = bytes.len() / STEP;
            let at = random.below(steps + 1) * STEP;
            match random.below(5) {
                0 => drop(bytes.splice(at..at, (0..STEP).map(|_| random.byte()))),
                1 if at < bytes.len() => bytes[at + random.below(STEP)] = random.byte(),
                2 if at < bytes.len() && steps > 1 => drop(bytes.drain(at..at + STEP)),
                // The same step again, later.
                3 if at < bytes.len() => bytes.extend_from_within(at..at + STEP),
                _ => {
                    let other = &self.sequences[random.below(self.sequences.len())].0;
                    bytes.truncate(at);
                    bytes.extend_from_slice(&other[random.below(other.len() / STEP) * STEP..]);
                }
            }
        }
        bytes.truncate(MAX_STEPS * STEP);
        Sequence(bytes)
    }
}
