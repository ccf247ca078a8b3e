// SPDX-License-Identifier: GPL-2.0

//! The files that a run leaves: its summary, a page, and its output.

use std::{fs, path::Path};

use anyhow::{Context, Result};

use crate::test::{page, summary::Summary};

/// Writes `NAME.json`, `NAME.html` and, from the run's output, `NAME.ktap` into the folder.
///
/// # Errors
///
/// If a file can't be written.
pub(crate) fn write(summary: &Summary, folder: &Path, name: &str, ktap: &str) -> Result<()> {
    let json = serde_json::to_string_pretty(summary).context("no JSON of the summary")?;
    for (suffix, text) in [
        ("json", json),
        ("html", page::write(summary)),
        ("ktap", ktap.to_owned()),
    ] {
        let path = folder.join(format!("{name}.{suffix}"));
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
