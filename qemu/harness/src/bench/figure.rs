// SPDX-License-Identifier: GPL-2.0

//! From samples to figures.

use std::{collections::BTreeMap, fmt};

use anyhow::{Context, Result, bail};
use serde::Serialize;

/// How many measurements a median needs.
const SAMPLES: usize = 5;

/// What the guest has printed so far.
#[derive(Default)]
pub(super) struct Samples {
    limits: BTreeMap<String, f64>,
    ours: BTreeMap<String, Vec<u64>>,
    peer: BTreeMap<String, Vec<u64>>,
}

impl Samples {
    /// Takes a line; false when it is none of ours.
    pub(super) fn take(&mut self, line: &str) -> Result<bool> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["bench-limit", name, limit] => {
                let limit: f64 = limit.parse().context("the limit is not a number")?;
                if !limit.is_finite() || limit <= 0.0 {
                    bail!("not a limit");
                }
                if self.limits.insert((*name).to_owned(), limit).is_some() {
                    bail!("a second limit");
                }
            }
            ["bench-sample", name, side, value] => {
                let samples = match *side {
                    "ours" => &mut self.ours,
                    "peer" => &mut self.peer,
                    _ => bail!("neither ours nor peer"),
                };
                let value = value.parse().context("the value is not a count")?;
                samples.entry((*name).to_owned()).or_default().push(value);
            }
            [first, ..] if first.starts_with("bench-") => bail!("not a line of the protocol"),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// All figures; an error when one lacks a limit, a side or samples.
    pub(super) fn figures(self) -> Result<Vec<Figure>> {
        let Samples {
            limits,
            mut ours,
            mut peer,
        } = self;
        if limits.is_empty() {
            bail!("the guest measured nothing");
        }
        let mut figures = Vec::new();
        for (name, limit) in limits {
            let side = |samples: Option<Vec<u64>>, which: &str| {
                Side::new(samples.unwrap_or_default())
                    .with_context(|| format!("figure {name}, {which}"))
            };
            let (ours, peer) = (
                side(ours.remove(&name), "ours")?,
                side(peer.remove(&name), "peer")?,
            );
            if peer.median == 0 {
                bail!("figure {name}: the peer took no time");
            }
            figures.push(Figure {
                ratio: ours.median as f64 / peer.median as f64,
                name,
                limit,
                ours,
                peer,
            });
        }
        if let Some(name) = ours.keys().chain(peer.keys()).next() {
            bail!("figure {name} has no limit");
        }
        Ok(figures)
    }
}

/// The measurements of one side.
#[derive(Debug, Serialize)]
pub(super) struct Side {
    pub(super) median: u64,
    min: u64,
    max: u64,
    samples: Vec<u64>,
}

impl Side {
    fn new(samples: Vec<u64>) -> Result<Self> {
        let mut sorted = samples.clone();
        sorted.sort_unstable();
        match (sorted.first(), sorted.get(sorted.len() / 2), sorted.last()) {
            (Some(&min), Some(&median), Some(&max)) if sorted.len() >= SAMPLES => Ok(Self {
                median,
                min,
                max,
                samples,
            }),
            _ => bail!("{} samples, {SAMPLES} are needed", samples.len()),
        }
    }

    /// Distance of the extremes, in percent of the median.
    fn spread(&self) -> f64 {
        match self.median {
            0 => 0.0,
            median => (self.max - self.min) as f64 * 100.0 / median as f64,
        }
    }
}

/// One thing that both sides do.
#[derive(Debug, Serialize)]
pub(super) struct Figure {
    pub(super) name: String,
    pub(super) ours: Side,
    pub(super) peer: Side,
    pub(super) ratio: f64,
    pub(super) limit: f64,
}

impl Figure {
    pub(super) fn is_over(&self) -> bool {
        self.ratio > self.limit
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figure {
            name, ours, peer, ..
        } = self;
        writeln!(
            f,
            "bench {name} ours={} peer={} ratio={:.2} limit={:.2}",
            ours.median, peer.median, self.ratio, self.limit
        )?;
        write!(
            f,
            "bench-spread {name} ours={}..{} ({:.1} %) peer={}..{} ({:.1} %)",
            ours.min,
            ours.max,
            ours.spread(),
            peer.min,
            peer.max,
            peer.spread()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(text: &str) -> Result<Vec<Figure>> {
        let mut samples = Samples::default();
        for line in text.lines() {
            samples.take(line)?;
        }
        samples.figures()
    }

    const GOOD: &str = "bench-limit bind 1.5\n\
        bench-sample bind ours 100\nbench-sample bind ours 120\nbench-sample bind ours 110\n\
        bench-sample bind ours 111\nbench-sample bind ours 90\n\
        bench-sample bind peer 100\nbench-sample bind peer 100\nbench-sample bind peer 101\n\
        bench-sample bind peer 100\nbench-sample bind peer 99\n";

    #[test]
    fn a_figure_is_two_lines() {
        let figures = samples(GOOD).expect("good");
        assert_eq!(
            figures[0].to_string(),
            "bench bind ours=110 peer=100 ratio=1.10 limit=1.50\n\
             bench-spread bind ours=90..120 (27.3 %) peer=99..101 (2.0 %)"
        );
        assert!(!figures[0].is_over());
    }

    #[test]
    fn over_the_limit() {
        let figures = samples(&GOOD.replace("bind 1.5", "bind 1.05")).expect("good");
        assert!(figures[0].is_over());
    }

    #[test]
    fn what_is_missing_is_an_error() {
        assert!(samples("").is_err());
        assert!(samples("bench-limit bind 1.5\n").is_err());
        assert!(samples(&GOOD.replace("bench-limit bind", "bench-limit other")).is_err());
        assert!(samples(&GOOD.replacen("bench-sample bind peer 99\n", "", 1)).is_err());
        assert!(samples(&GOOD.replace("peer", "theirs")).is_err());
        assert!(samples(&GOOD.replace("120", "-1")).is_err());
        assert!(samples("bench-nonsense\n").is_err());
    }
}
