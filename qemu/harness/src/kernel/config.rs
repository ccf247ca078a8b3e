// SPDX-License-Identifier: GPL-2.0

//! The configuration fragments, and whether Kconfig did what they ask for.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, bail};

use crate::target::Target;

/// All fragments of one target, in the order in which a later one wins.
pub(super) struct Fragments {
    text: String,
}

impl Fragments {
    pub(super) fn load(target: &Target) -> Result<Self> {
        let arch = target.arch.to_string();
        let path = |name: &str| target.qemu_dir().join(format!("config/{name}.config"));
        let read = |path: &Path| {
            fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
        };
        let mut text = String::new();
        for name in ["base", &arch] {
            text += &read(&path(name))?;
        }
        // Few of them need one more for an architecture.
        for name in target.flavor.fragments() {
            text += &read(&path(name))?;
            let own = path(&format!("{name}-{arch}"));
            if own.is_file() {
                text += &read(&own)?;
            }
        }
        // Few series need one.
        let series = path(&target.series);
        if series.is_file() {
            text += &read(&series)?;
        }
        Ok(Self { text })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Compares what was asked for with a `.config`.
    pub(super) fn verify(&self, config: &str) -> Result<()> {
        let got = options(config);
        let mut wrong = Vec::new();
        for (name, value) in options(&self.text) {
            // An option whose dependencies are missing is not in the result at all.
            let actual = got.get(name).copied().unwrap_or("n");
            if actual != value {
                wrong.push(format!("  {name}={value} became {actual}"));
            }
        }
        if wrong.is_empty() {
            return Ok(());
        }
        bail!(
            "the configuration is not what qemu/config asks for (missing dependencies?):\n{}",
            wrong.join("\n")
        )
    }
}

/// Names and values, `n` for what "is not set"; the last line about an option counts.
fn options(text: &str) -> BTreeMap<&str, &str> {
    text.lines()
        .filter_map(|line| {
            let line = line.trim();
            if let Some(comment) = line.strip_prefix("# ") {
                let name = comment.strip_suffix(" is not set")?;
                return name.starts_with("CONFIG_").then_some((name, "n"));
            }
            line.split_once('=')
                .filter(|(name, _)| name.starts_with("CONFIG_"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "#\n# Automatically generated\n#\nCONFIG_A=y\nCONFIG_M=m\n\
                          # CONFIG_OFF is not set\nCONFIG_S=\"x=y\"\nCONFIG_N=8\n";

    fn verify(fragment: &str) -> Result<()> {
        Fragments {
            text: fragment.to_owned(),
        }
        .verify(CONFIG)
    }

    #[test]
    fn what_is_there_is_accepted() {
        verify("# a remark\nCONFIG_A=y\nCONFIG_M=m\nCONFIG_OFF=n\nCONFIG_ABSENT=n\n")
            .expect("good");
        verify("# CONFIG_OFF is not set\nCONFIG_S=\"x=y\"\nCONFIG_N=8\n").expect("good");
    }

    #[test]
    fn every_deviation_is_listed() {
        let error = verify("CONFIG_A=n\nCONFIG_M=y\nCONFIG_ABSENT=y\nCONFIG_OFF=m\n")
            .expect_err("four are wrong")
            .to_string();
        for line in [
            "CONFIG_A=n became y",
            "CONFIG_M=y became m",
            "CONFIG_ABSENT=y became n",
            "CONFIG_OFF=m became n",
        ] {
            assert!(error.contains(line), "{line} in {error}");
        }
    }

    #[test]
    fn a_later_fragment_wins() {
        verify("CONFIG_A=n\nCONFIG_A=y\n").expect("good");
        verify("CONFIG_OFF=y\n# CONFIG_OFF is not set\n").expect("good");
    }
}
