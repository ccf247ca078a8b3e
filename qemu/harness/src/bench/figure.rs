// SPDX-License-Identifier: GPL-2.0

//! From samples to figures.

use std::{collections::BTreeMap, fmt};

use anyhow::{Context, Result, bail};
use serde::Serialize;

/// The number of measurements that a median needs.
const SAMPLES: usize = 5;

/// The most that ours may take.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Limit {
    /// So many times what the peer takes.
    Ratio(f64),
    /// So many instructions more than the peer takes.
    More(u64),
}

impl Limit {
    fn parse(text: &str) -> Result<Self> {
        if let Some(more) = text.strip_prefix('+') {
            return Ok(Self::More(
                more.parse().context("the limit is not a count")?,
            ));
        }
        let ratio: f64 = text.parse().context("the limit is not a number")?;
        if !ratio.is_finite() || ratio <= 0.0 {
            bail!("not a limit");
        }
        Ok(Self::Ratio(ratio))
    }

    /// As a multiple of what the peer takes.
    fn as_ratio(self, peer: u64) -> f64 {
        match self {
            Self::Ratio(ratio) => ratio,
            Self::More(more) => (peer + more) as f64 / peer as f64,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ratio(ratio) => write!(f, "{ratio:.2}"),
            Self::More(more) => write!(f, "+{more}"),
        }
    }
}

/// The lines that the guest has printed so far.
#[derive(Default)]
pub(super) struct Samples {
    limits: BTreeMap<String, Limit>,
    ours: BTreeMap<String, Vec<u64>>,
    peer: BTreeMap<String, Vec<u64>>,
}

impl Samples {
    /// Takes a line; false when it is none of ours.
    pub(super) fn take(&mut self, line: &str) -> Result<bool> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["bench-limit", name, limit] => {
                let limit = Limit::parse(limit)?;
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
    pub(super) limit: Limit,
}

impl Figure {
    pub(super) fn is_over(&self) -> bool {
        match self.limit {
            Limit::Ratio(limit) => self.ratio > limit,
            Limit::More(limit) => self.ours.median > self.peer.median + limit,
        }
    }

    /// The limit, as a multiple of what the peer takes.
    pub(super) fn limit_ratio(&self) -> f64 {
        self.limit.as_ratio(self.peer.median)
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figure {
            name, ours, peer, ..
        } = self;
        writeln!(
            f,
            "bench {name} ours={} peer={} ratio={:.2} limit={}",
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
    fn a_limit_of_instructions() {
        for (limit, over) in [("+9", true), ("+10", false)] {
            let figures = samples(&GOOD.replace("bind 1.5", &format!("bind {limit}")));
            let figure = &figures.expect("good")[0];
            assert_eq!(figure.is_over(), over);
            assert!(figure.to_string().contains(&format!(" limit={limit}\n")));
        }
        assert!(samples(&GOOD.replace("bind 1.5", "bind +x")).is_err());
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
