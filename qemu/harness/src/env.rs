// SPDX-License-Identifier: GPL-2.0

//! The findings of `scripts/setup`: `build/env-SERIES`, plain `KEY=VALUE` lines.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

/// The values of one `build/env-SERIES`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Env {
    file: PathBuf,
    values: BTreeMap<String, String>,
}

impl Env {
    /// Reads `build/env-SERIES` below `root`.
    pub(crate) fn load(root: &Path, series: &str) -> Result<Self> {
        let file = root.join("build").join(format!("env-{series}"));
        let text = fs::read_to_string(&file).with_context(|| {
            format!(
                "cannot read {}; `make setup KERNEL={series}` writes it",
                file.display()
            )
        })?;
        let values = parse(&text).with_context(|| format!("in {}", file.display()))?;
        Ok(Self { file, values })
    }

    /// The value of `key`, which must be there and not empty.
    pub(crate) fn get(&self, key: &str) -> Result<&str> {
        match self.optional(key) {
            Some(value) => Ok(value),
            None => bail!("{} has no {key}; run `make setup`", self.file.display()),
        }
    }

    /// The value of `key`, if it is there and not empty.
    pub(crate) fn optional(&self, key: &str) -> Option<&str> {
        self.values
            .get(key)
            .map(String::as_str)
            .filter(|v| !v.is_empty())
    }

    /// The value of `key` as a path.
    pub(crate) fn path(&self, key: &str) -> Result<PathBuf> {
        self.get(key).map(PathBuf::from)
    }
}

fn parse(text: &str) -> Result<BTreeMap<String, String>> {
    let mut values = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            bail!("line {}: not KEY=VALUE: {line}", number + 1);
        };
        values.insert(key.to_owned(), value.trim_end().to_owned());
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_be_empty_and_contain_equal_signs() {
        let env = Env {
            file: PathBuf::from("env"),
            values: parse("# comment\nA=1\nB=\nC=x=y\n").expect("parses"),
        };
        assert_eq!(env.get("A").expect("there"), "1");
        assert_eq!(env.optional("B"), None);
        assert!(env.get("B").is_err());
        assert_eq!(env.get("C").expect("there"), "x=y");
    }

    #[test]
    fn a_line_without_a_value_is_refused() {
        assert!(parse("A=1\nnonsense\n").is_err());
    }
}
