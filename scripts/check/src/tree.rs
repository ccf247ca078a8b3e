// SPDX-License-Identifier: GPL-2.0

//! The files of the tree.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use anyhow::{Context, Result, ensure};

/// The texts of all files that git knows, or would add, by their paths relative to the tree.
///
/// What is not UTF-8 is left out: no rule is about it.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) files: BTreeMap<String, String>,
}

impl Tree {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// If git does not know the tree.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let output = Command::new("git")
            .arg("-C")
            .arg(root)
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .output()
            .context("cannot run git")?;
        ensure!(
            output.status.success(),
            "git ls-files: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let mut files = BTreeMap::new();
        for name in String::from_utf8_lossy(&output.stdout).split_terminator('\0') {
            // One that was removed, but not committed as such, is listed as well.
            if let Ok(text) = fs::read_to_string(root.join(name)) {
                files.insert(name.to_owned(), text);
            }
        }
        Ok(Self { files })
    }

    /// Returns the files whose paths end in `.rs`.
    pub(crate) fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .filter(|(name, _)| name.ends_with(".rs"))
            .map(|(name, text)| (name.as_str(), text.as_str()))
    }
}

#[cfg(test)]
impl<const N: usize> From<[(&str, &str); N]> for Tree {
    fn from(files: [(&str, &str); N]) -> Self {
        let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
        Self {
            files: files.into(),
        }
    }
}
