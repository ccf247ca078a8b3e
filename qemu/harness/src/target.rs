// SPDX-License-Identifier: GPL-2.0

//! The target of a run: kernel series, architecture and flavour, and where their files are.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use crate::env::Env;

/// A processor architecture, by the kernel's name for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Arch {
    #[value(name = "x86_64")]
    X86_64,
    #[value(name = "arm64")]
    Arm64,
}

impl Arch {
    /// The make target of the bootable image.
    pub(crate) fn image_target(self) -> &'static str {
        match self {
            Arch::X86_64 => "vmlinux",
            Arch::Arm64 => "Image",
        }
    }

    /// The bootable image, relative to the build directory.
    pub(crate) fn image_path(self) -> &'static str {
        match self {
            Arch::X86_64 => "vmlinux",
            Arch::Arm64 => "arch/arm64/boot/Image",
        }
    }

    /// The name that Rust, LLVM and QEMU have for it.
    pub(crate) fn machine_name(self) -> &'static str {
        match self {
            Arch::X86_64 => "x86_64",
            Arch::Arm64 => "aarch64",
        }
    }

    pub(crate) fn is_native(self) -> bool {
        std::env::consts::ARCH == self.machine_name()
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Arch::X86_64 => "x86_64",
            Arch::Arm64 => "arm64",
        })
    }
}

/// The flavours of test kernels, by what each watches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Flavor {
    /// lockdep, DEBUG_ATOMIC_SLEEP and KUnit
    Test,
    /// what `test` has, KASAN and kmemleak
    Debug,
    /// none of it, to count instructions on
    Bench,
    /// what `test` has, and overdrive as a part of the kernel
    BuiltIn,
    /// what `test` has, no VFIO groups, signed modules, and lockdown
    Strict,
    /// a distribution's own kernel, as `scripts/stock` prepares it
    Stock,
}

impl Flavor {
    /// The configuration fragments beside base and architecture; a later one wins.
    pub(crate) fn fragments(self) -> &'static [&'static str] {
        match self {
            Flavor::Test => &["test"],
            Flavor::Debug => &["test", "debug"],
            Flavor::Bench => &["bench"],
            Flavor::BuiltIn => &["test", "built-in"],
            Flavor::Strict => &["test", "strict"],
            Flavor::Stock => &[],
        }
    }

    /// Words on the command line for what our own kernels are built with.
    pub(crate) fn append(self) -> &'static str {
        match self {
            Flavor::Stock => "intel_iommu=on",
            _ => "",
        }
    }

    /// By how much every time limit is stretched.
    pub(crate) fn slowness(self) -> u32 {
        match self {
            Flavor::Debug => 4,
            _ => 1,
        }
    }
}

impl fmt::Display for Flavor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Flavor::Test => "test",
            Flavor::Debug => "debug",
            Flavor::Bench => "bench",
            Flavor::BuiltIn => "built-in",
            Flavor::Strict => "strict",
            Flavor::Stock => "stock",
        })
    }
}

/// Returns the first of the kernel series that overdrive is for.
fn default_series() -> &'static str {
    include_str!("../../../scripts/series")
        .lines()
        .find(|line| !line.starts_with('#'))
        .unwrap_or_default()
}

/// The options that every subcommand has.
#[derive(Args, Clone, Debug)]
pub(crate) struct TargetArgs {
    /// Kernel series, as `scripts/setup` prepared it
    #[arg(long, global = true, default_value = default_series(), value_name = "SERIES")]
    kernel: String,

    /// Architecture of the guest
    #[arg(long, global = true, default_value = "x86_64")]
    arch: Arch,

    /// Flavour of the test kernel [default: test; bench: bench]
    #[arg(long, global = true)]
    flavor: Option<Flavor>,

    /// Take the module that was built with COVERAGE=1
    #[arg(long, global = true)]
    coverage: bool,

    /// The overdrive tree [default: the one around the current directory]
    #[arg(long, global = true, value_name = "DIR")]
    root: Option<PathBuf>,
}

/// One combination of series, architecture and flavour in one overdrive tree.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) root: PathBuf,
    pub(crate) series: String,
    pub(crate) arch: Arch,
    pub(crate) flavor: Flavor,
    /// The module counts which of its blocks run.
    pub(crate) coverage: bool,
    pub(crate) env: Env,
}

impl Target {
    pub(crate) fn new(args: &TargetArgs, default_flavor: Flavor) -> Result<Self> {
        let root = match &args.root {
            Some(root) => root.clone(),
            None => find_root(&std::env::current_dir().context("no current directory")?)?,
        };
        let root = root
            .canonicalize()
            .with_context(|| format!("cannot find {}", root.display()))?;
        let env = Env::load(&root, &args.kernel)?;
        Ok(Self {
            env,
            root,
            series: args.kernel.clone(),
            arch: args.arch,
            flavor: args.flavor.unwrap_or(default_flavor),
            coverage: args.coverage,
        })
    }

    /// `SERIES-ARCH-FLAVOR`, the name of everything built for it.
    pub(crate) fn name(&self) -> String {
        format!("{}-{}-{}", self.series, self.arch, self.flavor)
    }

    pub(crate) fn qemu_dir(&self) -> PathBuf {
        self.root.join("qemu")
    }

    pub(crate) fn selftests(&self) -> PathBuf {
        self.qemu_dir().join("selftests")
    }

    pub(crate) fn build_dir(&self) -> PathBuf {
        self.root.join("build")
    }

    pub(crate) fn log_dir(&self) -> PathBuf {
        self.build_dir().join("log")
    }

    /// The link to the kernel's build directory in the cache.
    pub(crate) fn kernel_link(&self) -> PathBuf {
        self.build_dir().join("kernel").join(self.name())
    }

    /// Returns the image that QEMU boots.
    pub(crate) fn image(&self) -> PathBuf {
        self.kernel_link().join(match self.flavor {
            Flavor::Stock => "vmlinuz",
            _ => self.arch.image_path(),
        })
    }

    pub(crate) fn module_dir(&self) -> PathBuf {
        let suffix = if self.coverage { "-coverage" } else { "" };
        let name = format!("{}{suffix}", self.name());
        self.build_dir().join("module").join(name)
    }

    /// Returns the folder in which cargo leaves the programs of the workspace member `guest`.
    pub(crate) fn guest_programs(&self) -> PathBuf {
        self.build_dir()
            .join("guest")
            .join(self.arch.to_string())
            .join("bin")
    }

    /// A statically linked busybox for the guest.
    pub(crate) fn busybox(&self) -> Result<PathBuf> {
        match self.arch {
            Arch::X86_64 => self.env.path("BUSYBOX"),
            Arch::Arm64 => self.env.path("BUSYBOX_ARM64"),
        }
    }

    /// A time limit, stretched for the flavour.
    pub(crate) fn limit(&self, seconds: u64) -> Duration {
        Duration::from_secs(seconds) * self.flavor.slowness()
    }
}

fn find_root(start: &Path) -> Result<PathBuf> {
    for dir in start.ancestors() {
        if dir.join("qemu/config/base.config").is_file() {
            return Ok(dir.to_owned());
        }
    }
    bail!(
        "no overdrive tree at or above {}; use --root",
        start.display()
    )
}
