// SPDX-License-Identifier: GPL-2.0

//! A second shell for the guest: dash, which Debian's `/bin/sh` is, with the libraries that it needs.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::archive::Archive;
use crate::{target::Target, tool};

/// Tests that want it skip where it is not.
const DASH: &str = "/bin/dash";

/// Copies the host's dash, where it can run in the guest.
pub(super) fn add(archive: &mut Archive, target: &Target) -> Result<()> {
    let dash = Path::new(DASH);
    if !target.arch.is_native() || !dash.is_file() {
        return Ok(());
    }
    archive.copy(&DASH[1..], dash, 0o755)?;
    for library in libraries(&tool::output(&tool::find("ldd")?, &[DASH])?) {
        let place = library
            .strip_prefix("/")
            .ok()
            .and_then(Path::to_str)
            .with_context(|| format!("{} is no place for a library", library.display()))?;
        archive.copy(place, &library, 0o755)?;
    }
    Ok(())
}

/// The files that ldd names: behind an arrow, or alone for the loader itself.
fn libraries(ldd: &str) -> Vec<PathBuf> {
    ldd.lines()
        .filter_map(|line| {
            line.split_whitespace()
                .find(|word| word.starts_with('/'))
                .map(PathBuf::from)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_have_paths() {
        let ldd = "\tlinux-vdso.so.1 (0x00007f055b49f000)\n\
                   \tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f055b28a000)\n\
                   \t/lib64/ld-linux-x86-64.so.2 (0x00007f055b4a1000)\n";
        assert_eq!(
            libraries(ldd),
            [
                PathBuf::from("/lib/x86_64-linux-gnu/libc.so.6"),
                PathBuf::from("/lib64/ld-linux-x86-64.so.2"),
            ]
        );
        assert!(libraries("\tstatically linked\n").is_empty());
    }
}
