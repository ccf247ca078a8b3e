// SPDX-License-Identifier: GPL-2.0

//! The digest of everything that shapes a kernel, by which the cache finds it.

use std::path::PathBuf;

use anyhow::Result;
use sha2::{Digest, Sha256};

use super::config::Fragments;
use crate::{target::Target, tool};

/// Counts changes of the way a kernel is built that no other input tells of.
const RECIPE: &str = "1";

/// Digits of the digest that a directory's name carries.
const KEY_DIGITS: usize = 12;

/// Named inputs. Paths are none: the same tools in another place build the same kernel.
#[derive(Default)]
pub(super) struct Inputs(Vec<(&'static str, String)>);

impl Inputs {
    pub(super) fn collect(target: &Target, fragments: &Fragments) -> Result<Self> {
        let env = &target.env;
        let llvm = env.get("LLVM")?;
        let version = |program: PathBuf| tool::output(&program, &["--version"]);
        let rustc = tool::output(&env.path("RUSTC")?, &["--version", "--verbose"])?;
        Ok(Self(vec![
            ("recipe", RECIPE.to_owned()),
            ("source", env.get("KERNEL_VERSION")?.to_owned()),
            ("arch", target.arch.to_string()),
            ("config", fragments.text().to_owned()),
            (
                "clang",
                without_paths(&version(tool::find(&format!("clang{llvm}"))?)?),
            ),
            (
                "lld",
                without_paths(&version(tool::find(&format!("ld.lld{llvm}"))?)?),
            ),
            ("rustc", rustc),
            ("bindgen", version(env.path("BINDGEN")?)?),
        ]))
    }

    pub(super) fn key(&self) -> String {
        let mut digest = Sha256::new();
        for (name, value) in &self.0 {
            // Lengths keep neighbours apart.
            digest.update(format!("{name} {}\n{value}\n", value.len()));
        }
        let mut key = String::new();
        for byte in digest.finalize() {
            key.push_str(&format!("{byte:02x}"));
        }
        key.truncate(KEY_DIGITS);
        key
    }
}

/// clang's `--version` tells where it is installed.
fn without_paths(version: &str) -> String {
    version
        .lines()
        .filter(|line| !line.starts_with("InstalledDir:"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(inputs: &[(&'static str, &str)]) -> String {
        Inputs(inputs.iter().map(|(n, v)| (*n, (*v).to_owned())).collect()).key()
    }

    #[test]
    fn every_input_counts() {
        let base = key(&[("a", "1"), ("b", "2")]);
        assert_eq!(base.len(), KEY_DIGITS);
        assert_eq!(base, key(&[("a", "1"), ("b", "2")]));
        assert_ne!(base, key(&[("a", "1"), ("b", "3")]));
        assert_ne!(base, key(&[("a", "1\nb 1\n2"), ("b", "")]));
    }

    #[test]
    fn the_place_of_clang_does_not() {
        let version = "clang version 19\nTarget: x\nInstalledDir: /opt/bin\n";
        assert_eq!(without_paths(version), "clang version 19\nTarget: x");
    }
}
