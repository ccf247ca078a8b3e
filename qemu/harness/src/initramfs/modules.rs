// SPDX-License-Identifier: GPL-2.0

//! The modules of the guest: the kernel's own, overdrive.ko and the tests' drivers.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use super::{archive::Archive, file_name, files};
use crate::{
    kernel,
    target::{Flavor, Target},
    tool,
};

/// Adds `lib/modules` to the archive, and the kernel's configuration.
pub(super) fn add(archive: &mut Archive, target: &Target) -> Result<()> {
    let installed = kernel::installed_modules(target)?;
    let release = release(&installed)?;
    let from = installed.join(&release);

    let staging = tempfile::tempdir().context("cannot make a temporary directory")?;
    let to = staging.path().join("lib/modules").join(&release);
    copy_tree(&from, &to)?;

    let updates = to.join("updates");
    fs::create_dir_all(&updates).with_context(|| format!("cannot make {}", updates.display()))?;
    let strip = tool::find(&format!("llvm-strip{}", target.env.get("LLVM")?))?;
    for module in own_modules(target)? {
        let stripped = updates.join(file_name(&module)?);
        let status = Command::new(&strip)
            .args(["--strip-debug", "-o"])
            .arg(&stripped)
            .arg(&module)
            .status()
            .with_context(|| format!("cannot start {}", strip.display()))?;
        if !status.success() {
            bail!("cannot strip {}: {status}", module.display());
        }
        if target.flavor == Flavor::Strict {
            sign(target, &stripped)?;
        }
    }

    let depmod = tool::find("depmod")?;
    let output = Command::new(&depmod)
        .arg("-b")
        .arg(staging.path())
        .arg(&release)
        .output()
        .with_context(|| format!("cannot start {}", depmod.display()))?;
    if !output.status.success() {
        bail!("depmod: {}", String::from_utf8_lossy(&output.stderr));
    }
    archive.tree(&format!("lib/modules/{release}"), &to)?;
    // Where some distributions have it; tests ask it what they can expect.
    let config = target.kernel_link().join(".config");
    archive.copy(&format!("lib/modules/{release}/config"), &config, 0o644)
}

/// The only directory in `lib/modules` is named for the kernel's release.
fn release(installed: &Path) -> Result<String> {
    let mut names = Vec::new();
    let entries =
        fs::read_dir(installed).with_context(|| format!("cannot read {}", installed.display()))?;
    for entry in entries {
        names.push(entry.context("cannot read a directory entry")?.file_name());
    }
    match names.as_slice() {
        [name] => name
            .to_str()
            .map(str::to_owned)
            .with_context(|| format!("{name:?} is not UTF-8")),
        _ => bail!("{} does not hold one release", installed.display()),
    }
}

/// overdrive.ko and whatever test drivers were built beside it; none if overdrive is a part of the kernel.
fn own_modules(target: &Target) -> Result<Vec<PathBuf>> {
    if target.flavor == Flavor::BuiltIn {
        return Ok(Vec::new());
    }
    let dir = target.module_dir();
    let modules: Vec<PathBuf> = files(&dir)
        .with_context(|| "the module is not built; `make` builds it")?
        .into_iter()
        .filter(|file| file.extension().is_some_and(|ext| ext == "ko"))
        .collect();
    if !modules.iter().any(|file| file.ends_with("overdrive.ko")) {
        bail!("no overdrive.ko in {}; `make` builds it", dir.display());
    }
    Ok(modules)
}

/// Signs a module with the key that the kernel's build made, as its own modules are.
fn sign(target: &Target, module: &Path) -> Result<()> {
    let kernel = target.kernel_link();
    let key = kernel.join("certs/signing_key");
    let program = kernel.join("scripts/sign-file");
    let status = Command::new(&program)
        .arg("sha512")
        .args([key.with_extension("pem"), key.with_extension("x509")])
        .arg(module)
        .status()
        .with_context(|| format!("cannot start {}", program.display()))?;
    if !status.success() {
        bail!("cannot sign {}: {status}", module.display());
    }
    Ok(())
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry.context("cannot read a directory entry")?;
        let (source, copy) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().context("cannot read a file's type")?;
        if kind.is_dir() {
            copy_tree(&source, &copy)?;
        } else if kind.is_file() {
            fs::copy(&source, &copy)
                .with_context(|| format!("cannot copy {}", source.display()))?;
        }
        // The links "build" and "source" lead out of the guest.
    }
    Ok(())
}
