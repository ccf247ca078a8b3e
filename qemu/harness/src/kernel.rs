// SPDX-License-Identifier: GPL-2.0

//! `overdrive-harness kernel`: builds the test kernel, once for everything that shapes it.
//!
//! A kernel's build directory cannot be moved: it is built where it will stay, in a directory
//! named for a digest of its inputs. A file `.complete`, written last, says that it is whole; a
//! directory without one is what an interrupted build left, and make continues there.

mod config;
mod key;
mod prune;

use std::{
    fs::{self, File},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use anyhow::{Context, Result, bail};
use rustix::fs::{FlockOperation, flock};

use self::{config::Fragments, key::Inputs};
use crate::{
    progress::Progress,
    target::{Flavor, Target},
    tool::{self, Log},
};

const COMPLETE: &str = ".complete";

/// Lines that make prints for a whole kernel, until a build has counted them.
const USUAL_STEPS: u64 = 2900;

/// Variables by which a surrounding make or shell would change the kernel's build.
const FOREIGN_VARIABLES: &[&str] = &[
    "MAKEFLAGS",
    "MFLAGS",
    "MAKELEVEL",
    "MAKEOVERRIDES",
    "ARCH",
    "CROSS_COMPILE",
    "CC",
    "LD",
    "KBUILD_OUTPUT",
    "KBUILD_EXTMOD",
    "KBUILD_EXTRA_SYMBOLS",
    "KCFLAGS",
    "KRUSTFLAGS",
    "M",
    "MO",
    "O",
    "V",
    "W",
    "C",
    "LLVM",
    "RUSTFLAGS",
];

/// Variables for make that setup may have left out.
const OPTIONAL_TOOLS: &[&str] = &["RUSTDOC", "CLIPPY_DRIVER"];

/// The place of the kernel's own modules: `lib/modules` of the guest.
pub(crate) fn installed_modules(target: &Target) -> Result<PathBuf> {
    let dir = target.kernel_link().join("overdrive-modules/lib/modules");
    if !dir.is_dir() {
        bail!("no test kernel {}; `make kernel` builds it", target.name());
    }
    Ok(dir)
}

/// Builds the kernel unless it is there, and links it into `build/kernel`.
pub(crate) fn run(target: &Target) -> Result<()> {
    if target.flavor == Flavor::Stock {
        bail!("a distribution's kernel is not built here; `make stock` gets it");
    }
    let fragments = Fragments::load(target)?;
    let key = Inputs::collect(target, &fragments)?.key();
    let cache = target.env.path("OVERDRIVE_CACHE")?.join("kernel");
    fs::create_dir_all(&cache).with_context(|| format!("cannot make {}", cache.display()))?;
    let dir = cache.join(format!("{}-{key}", target.name()));
    if target.flavor == Flavor::BuiltIn {
        let _lock = lock(&cache.join(format!("{}-{key}.lock", target.name())))?;
        // Only make can tell what of overdrive has changed.
        build(target, &fragments, &cache, &dir)?;
    } else if !dir.join(COMPLETE).is_file() {
        let _lock = lock(&cache.join(format!("{}-{key}.lock", target.name())))?;
        // The one who held the lock may have built it.
        if !dir.join(COMPLETE).is_file() {
            build(target, &fragments, &cache, &dir)?;
        }
    }
    link(&target.kernel_link(), &dir)
}

/// Waits until no other process builds the same kernel.
fn lock(path: &Path) -> Result<File> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        eprintln!("kernel: another process builds it, waiting");
        flock(&file, FlockOperation::LockExclusive)
            .with_context(|| format!("cannot lock {}", path.display()))?;
    }
    Ok(file)
}

fn build(target: &Target, fragments: &Fragments, cache: &Path, dir: &Path) -> Result<()> {
    let log_path = target
        .log_dir()
        .join(format!("kernel-{}.log", target.name()));
    let mut log = Log::create(&log_path)?;
    let label = format!("kernel {}", target.name());
    let source = source(target, dir, &mut log)?;
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;

    let wanted = dir.join("overdrive.config");
    fs::write(&wanted, fragments.text())
        .with_context(|| format!("cannot write {}", wanted.display()))?;
    let mut configure = make(target, &source, dir)?;
    configure
        .env("KCONFIG_ALLCONFIG", &wanted)
        .arg("allnoconfig");
    tool::run(
        configure,
        &format!("{label}: configuration"),
        &mut log,
        |_| {},
    )?;
    let file = dir.join(".config");
    let result =
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    fragments.verify(&result)?;

    let count = cache.join(format!("{}-{}.steps", target.arch, target.flavor));
    let total = fs::read_to_string(&count)
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(USUAL_STEPS);
    let mut progress = Progress::new(&label, total);
    let mut compile = make(target, &source, dir)?;
    let jobs = thread::available_parallelism().map_or(1, usize::from);
    compile
        .arg(format!("-j{jobs}"))
        .args([target.arch.image_target(), "modules"]);
    let built = tool::run(compile, &label, &mut log, |line| {
        if line.starts_with("  ") {
            progress.step(line.trim());
        }
    });
    let steps = progress.steps();
    progress.finish(built.is_ok());
    built?;
    // A resumed build has fewer steps than a whole one.
    if steps > total / 2 {
        // Only an estimate for the next build's bar: losing it costs nothing.
        let _ = fs::write(&count, steps.to_string());
    }

    let mut install = make(target, &source, dir)?;
    install
        .arg(format!(
            "INSTALL_MOD_PATH={}",
            dir.join("overdrive-modules").display()
        ))
        .args(["INSTALL_MOD_STRIP=1", "modules_install"]);
    tool::run(install, &format!("{label}: modules"), &mut log, |_| {})?;
    if target.flavor != Flavor::BuiltIn {
        let freed = prune::prune(dir)?;
        log.line(&format!("pruned {} MiB", freed >> 20))?;
    }

    let stamp = dir.join(COMPLETE);
    let unfinished = dir.join(".complete.new");
    fs::write(&unfinished, "")
        .and_then(|()| fs::rename(&unfinished, &stamp))
        .with_context(|| format!("cannot write {}", stamp.display()))?;
    eprintln!("{label}: log {}", log.path().display());
    Ok(())
}

/// Returns the source to build in `dir`. If overdrive is a part of it, that is a copy: beside `dir`, made of links
/// to files that the copy's own replace.
fn source(target: &Target, dir: &Path, log: &mut Log) -> Result<PathBuf> {
    let original = target.env.path("KERNEL_SRC")?;
    if target.flavor != Flavor::BuiltIn {
        return Ok(original);
    }
    let copy = dir.with_extension("source");
    if !copy.is_dir() {
        let unfinished = dir.with_extension("source.new");
        let mut link = Command::new("sh");
        link.args(["-c", "rm -rf \"$2\" && cp -al \"$1\" \"$2\"", "sh"])
            .args([&original, &unfinished]);
        tool::run(link, "kernel: a copy of the source", log, |_| {})?;
        fs::rename(&unfinished, &copy)
            .with_context(|| format!("cannot make {}", copy.display()))?;
    }
    let mut add = Command::new(target.root.join("scripts/in-tree"));
    add.arg(&copy);
    tool::run(add, "kernel: overdrive in its source", log, |_| {})?;
    Ok(copy)
}

/// The kernel's make with the tools that setup found.
fn make(target: &Target, source: &Path, dir: &Path) -> Result<Command> {
    let env = &target.env;
    let mut command = Command::new("make");
    for name in FOREIGN_VARIABLES {
        command.env_remove(name);
    }
    command
        .arg("-C")
        .arg(source)
        .arg(format!("O={}", dir.display()))
        .arg(format!("ARCH={}", target.arch))
        .arg(format!("LLVM={}", env.get("LLVM")?))
        .arg(format!("RUSTC={}", env.get("RUSTC")?))
        // Unless told, make takes whatever rustc PATH has for its own programs.
        .arg(format!("HOSTRUSTC={}", env.get("RUSTC")?))
        .arg(format!("RUSTFMT={}", env.get("RUSTFMT")?))
        .arg(format!("BINDGEN={}", env.get("BINDGEN")?))
        .arg(format!("RUST_LIB_SRC={}", env.get("RUST_LIB_SRC")?))
        // Nothing of the machine that builds it goes into the image.
        .args(["KBUILD_BUILD_USER=overdrive", "KBUILD_BUILD_HOST=overdrive"]);
    for name in OPTIONAL_TOOLS {
        if let Some(value) = env.optional(name) {
            command.arg(format!("{name}={value}"));
        }
    }
    Ok(command)
}

/// Points `link` at `dir`, at no moment at nothing.
fn link(link: &Path, dir: &Path) -> Result<()> {
    if fs::read_link(link).is_ok_and(|old| old == dir) {
        return Ok(());
    }
    let parent = link.parent().context("a link without a directory")?;
    fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    let new = link.with_extension(format!("new-{}", std::process::id()));
    symlink(dir, &new)
        .and_then(|()| fs::rename(&new, link))
        .with_context(|| format!("cannot link {}", link.display()))
}
