// SPDX-License-Identifier: GPL-2.0

//! A cpio archive in memory, in the form that the kernel unpacks.

use std::{collections::BTreeSet, fs, io::Write, path::Path};

use anyhow::{Context, Result, bail};
use cpio::newc::{self, Builder, ModeFileType};

#[derive(Default)]
pub(crate) struct Archive {
    bytes: Vec<u8>,
    inode: u32,
    dirs: BTreeSet<String>,
}

impl Archive {
    /// Adds a directory, and those above it, unless they are there.
    pub(crate) fn dir(&mut self, name: &str) -> Result<()> {
        if name.is_empty() || self.dirs.contains(name) {
            return Ok(());
        }
        self.parent(name)?;
        self.dirs.insert(name.to_owned());
        self.entry(name, ModeFileType::Directory, 0o755, &[])
    }

    /// Adds a file.
    pub(crate) fn file(&mut self, name: &str, contents: &[u8], mode: u32) -> Result<()> {
        self.parent(name)?;
        self.entry(name, ModeFileType::Regular, mode, contents)
    }

    /// Adds a copy of the host's file `from`.
    pub(crate) fn copy(&mut self, name: &str, from: &Path, mode: u32) -> Result<()> {
        let contents = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
        self.file(name, &contents, mode)
    }

    pub(crate) fn symlink(&mut self, name: &str, to: &str) -> Result<()> {
        self.parent(name)?;
        self.entry(name, ModeFileType::Symlink, 0o777, to.as_bytes())
    }

    /// Adds a whole directory of the host.
    pub(crate) fn tree(&mut self, name: &str, from: &Path) -> Result<()> {
        self.dir(name)?;
        let entries =
            fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?;
        let mut names = Vec::new();
        for entry in entries {
            match entry
                .context("cannot read a directory entry")?
                .file_name()
                .into_string()
            {
                Ok(name) => names.push(name),
                Err(name) => bail!("{}/{name:?} is not UTF-8", from.display()),
            }
        }
        names.sort();
        for file in names {
            let (inner, path) = (format!("{name}/{file}"), from.join(&file));
            if path.is_dir() {
                self.tree(&inner, &path)?;
            } else {
                self.copy(&inner, &path, 0o644)?;
            }
        }
        Ok(())
    }

    /// Ends the archive, padded so that another may follow.
    pub(crate) fn finish(self) -> Result<Vec<u8>> {
        let mut bytes = newc::trailer(self.bytes).context("cannot end the archive")?;
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        Ok(bytes)
    }

    fn parent(&mut self, name: &str) -> Result<()> {
        match name.rsplit_once('/') {
            Some((parent, _)) => self.dir(parent),
            None => Ok(()),
        }
    }

    fn entry(&mut self, name: &str, kind: ModeFileType, mode: u32, data: &[u8]) -> Result<()> {
        self.inode += 1;
        let size = u32::try_from(data.len()).with_context(|| format!("{name} is too large"))?;
        let mut writer = Builder::new(name)
            .ino(self.inode)
            .mode(mode)
            .set_mode_file_type(kind)
            .write(&mut self.bytes, size);
        writer
            .write_all(data)
            .and_then(|()| writer.finish().map(|_| ()))
            .with_context(|| format!("cannot add {name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_come_first_and_once() {
        let mut archive = Archive::default();
        archive.file("a/b/c", b"hello", 0o644).expect("adds");
        archive.symlink("a/b/d", "c").expect("adds");
        let bytes = archive.finish().expect("ends");
        assert_eq!(bytes.len() % 4, 0);

        let mut rest = bytes.as_slice();
        let mut names = Vec::new();
        loop {
            let reader = newc::Reader::new(rest).expect("an entry");
            if reader.entry().is_trailer() {
                break;
            }
            names.push(reader.entry().name().to_owned());
            rest = reader.finish().expect("the next");
        }
        assert_eq!(names, ["a", "a/b", "a/b/c", "a/b/d"]);
    }
}
