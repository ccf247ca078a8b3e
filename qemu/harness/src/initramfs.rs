// SPDX-License-Identifier: GPL-2.0

//! The guest's only file system: busybox, modules, guest programs and scripts in one archive.

pub(crate) mod archive;
mod modules;
mod shell;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use self::archive::Archive;
use crate::{selftest, target::Target, tool};

/// Directories that the guest's init mounts something on or installs applets into.
const DIRECTORIES: &[&str] = &[
    "bin",
    "sbin",
    "usr/bin",
    "usr/sbin",
    "usr/share",
    "dev",
    "etc",
    "proc",
    "run",
    "sys",
    "tmp",
    "root",
];

/// The part of the archive that every boot of one target has.
pub(crate) struct Initramfs {
    base: Vec<u8>,
}

impl Initramfs {
    /// Collects everything, with the tests of `selftests`.
    pub(crate) fn build(target: &Target, selftests: &Path) -> Result<Self> {
        let mut archive = Archive::default();
        for dir in DIRECTORIES {
            archive.dir(dir)?;
        }
        archive.copy("bin/busybox", &target.busybox()?, 0o755)?;
        archive.symlink("bin/sh", "busybox")?;
        add_applets(&mut archive, target)?;

        let scripts = target.qemu_dir().join("initramfs");
        archive.copy("init", &scripts.join("init"), 0o755)?;
        copy_scripts(&mut archive, &scripts, "lib/overdrive")?;
        copy_scripts(&mut archive, selftests, "selftests")?;
        let library = target.selftests().join(selftest::LIBRARY);
        if selftests != target.selftests() {
            archive.copy(&format!("selftests/{}", selftest::LIBRARY), &library, 0o644)?;
        }
        let demo = target.qemu_dir().join("demo");
        if demo.is_dir() {
            copy_scripts(&mut archive, &demo, "demo")?;
        }
        archive.copy(
            "selftests/ktap_helpers.sh",
            &target
                .env
                .path("KERNEL_SRC")?
                .join("tools/testing/selftests/kselftest/ktap_helpers.sh"),
            0o644,
        )?;

        add_documentation(&mut archive, &target.root)?;
        shell::add(&mut archive, target)?;
        for program in guest_programs(&target.guest_programs())? {
            let name = file_name(&program)?;
            archive.copy(&format!("bin/{name}"), &program, 0o755)?;
        }
        modules::add(&mut archive, target)?;
        Ok(Self {
            base: archive.finish()?,
        })
    }

    /// Writes the archive for one boot, with `files` beside what all boots have.
    pub(crate) fn write(&self, path: &Path, files: &[(&str, String)]) -> Result<()> {
        let mut own = Archive::default();
        for (name, text) in files {
            own.file(name, text.as_bytes(), 0o644)?;
        }
        // The kernel unpacks one archive after the other.
        let mut bytes = self.base.clone();
        bytes.extend(own.finish()?);
        bytes.resize(padded(bytes.len()), 0);
        fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
    }
}

/// The length of an archive of `len` bytes with zeroes at its end, which the kernel skips.
///
/// QEMU puts the archive into the last pages of memory, and begins with a page. A microvm machine's
/// firmware has its ACPI tables in the end of the very last page, and nobody tells the two of each
/// other. So only the first bytes of that page are taken.
fn padded(len: usize) -> usize {
    const PAGE: usize = 4096;
    const WORD: usize = 4;

    len.next_multiple_of(PAGE) + WORD
}

/// Links busybox's applets where the host can ask it for their names; the guest's init installs
/// them otherwise, which takes it longer.
fn add_applets(archive: &mut Archive, target: &Target) -> Result<()> {
    if !target.arch.is_native() {
        return Ok(());
    }
    for applet in tool::output(&target.busybox()?, &["--list-full"])?.lines() {
        // Its own name and the shell's are there already.
        if applet == "bin/busybox" || applet == "bin/sh" {
            continue;
        }
        archive.symlink(applet, "/bin/busybox")?;
    }
    Ok(())
}

/// Adds the documents: a test takes from them the commands that users are told.
fn add_documentation(archive: &mut Archive, root: &Path) -> Result<()> {
    const PLACE: &str = "usr/share/doc/overdrive";

    archive.copy(
        &format!("{PLACE}/README.md"),
        &root.join("README.md"),
        0o644,
    )?;
    archive.tree(
        &format!("{PLACE}/Documentation"),
        &root.join("Documentation"),
    )
}

fn file_name(path: &Path) -> Result<&str> {
    path.file_name()
        .and_then(|name| name.to_str())
        .with_context(|| format!("{} is not UTF-8", path.display()))
}

/// The files of `dir`, sorted.
fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let path = entry.context("cannot read a directory entry")?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Copies the scripts and what lies beside them into a folder of the guest.
fn copy_scripts(archive: &mut Archive, dir: &Path, to: &str) -> Result<()> {
    archive.dir(to)?;
    for file in files(dir)? {
        let name = file_name(&file)?;
        archive.copy(&format!("{to}/{name}"), &file, 0o755)?;
    }
    Ok(())
}

/// The executables that cargo left for the guest; none if nothing was built.
fn guest_programs(dir: &Path) -> Result<Vec<PathBuf>> {
    if !dir.is_dir() {
        return Ok(Vec::new());
    }
    let mut programs = Vec::new();
    for file in files(dir)? {
        let executable = file
            .metadata()
            .with_context(|| format!("cannot read {}", file.display()))?
            .permissions()
            .mode()
            & 0o111
            != 0;
        if !executable || file.extension().is_some() {
            continue;
        }
        let headers = tool::output(&tool::find("readelf")?, &["-lW", path_str(&file)?])?;
        if headers.contains("INTERP") {
            bail!("{} is not statically linked", file.display());
        }
        programs.push(file);
    }
    Ok(programs)
}

fn path_str(path: &Path) -> Result<&str> {
    path.to_str()
        .with_context(|| format!("{} is not UTF-8", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_page_is_left_to_the_firmware() {
        for len in [1, 4095, 4096, 4097, 22_000_000] {
            assert!(padded(len) > len);
            assert!(padded(len) % 4096 <= 4);
        }
    }
}
