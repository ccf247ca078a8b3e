// SPDX-License-Identifier: GPL-2.0

//! Lets one allocation after the other fail while a module is loaded.
//!
//! `load-failslab STEP FILE PARAMETERS FIRST LAST`: each STEPth allocation fails once, of those between where
//! loading with the parameter FIRST as well is refused and where with LAST. Before and after, the kernel's own code
//! does not survive that. The module is not loaded, and is not in the end.

use std::{ffi::CString, fs::File, io, os::fd::AsRawFd, path::Path, process::ExitCode};

use anyhow::{Context, Result, ensure};
use libc::{SYS_delete_module, SYS_finit_module};
use overdrive_guest::{
    failslab::{Counts, allocations, count},
    ktap::{Report, fail},
    wait::until_true,
};

/// A module that can be loaded.
struct Module {
    file: File,
    name: CString,
    parameters: CString,
}

impl Module {
    fn new(path: &str, parameters: String) -> Result<Self> {
        let name = Path::new(path).file_stem().context("no name")?;

        Ok(Self {
            file: File::open(path).with_context(|| path.to_owned())?,
            name: CString::new(name.as_encoded_bytes())?,
            parameters: CString::new(parameters)?,
        })
    }

    fn load(&self) -> io::Result<()> {
        let fd = self.file.as_raw_fd();
        // SAFETY: The parameters are a string.
        result(unsafe { libc::syscall(SYS_finit_module, fd, self.parameters.as_ptr(), 0) })
    }

    fn unload(&self) -> io::Result<()> {
        // SAFETY: The name is a string.
        result(unsafe { libc::syscall(SYS_delete_module, self.name.as_ptr(), libc::O_NONBLOCK) })
    }

    /// Returns `true` if it, or a part of it, is there.
    fn is_there(&self) -> bool {
        let name = self.name.to_string_lossy();

        Path::new("/sys/module").join(&*name).exists()
            || Path::new("/dev").join(&*name).exists()
            || ["rules", "buses"].iter().any(|it| {
                Path::new("/sys/kernel/config")
                    .join(format!("{name}-{it}"))
                    .exists()
            })
    }
}

fn result(ret: libc::c_long) -> io::Result<()> {
    if ret == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Loads it with each of these allocations failing in turn; what loads in spite of that is unloaded.
fn load(module: &Module, which: impl Iterator<Item = u32>) -> Result<Counts> {
    allocations(
        which,
        || module.load(),
        |loaded| {
            if loaded {
                module.unload().context("it does not go")?;
            }
            // The node goes a moment later.
            until_true(|| Ok(!module.is_there())).context("something is left")?;
            Ok(false)
        },
    )
}

fn test(step: usize, path: &str, [parameters, first, last]: [&str; 3]) -> Result<()> {
    let refused = |parameter: &str| {
        let module = Module::new(path, format!("{parameters} {parameter}"))?;

        count(|| {
            module
                .load()
                .err()
                .map(drop)
                .ok_or_else(|| io::Error::other(format!("it loads with {parameter}")))
        })
    };
    let module = Module::new(path, parameters.to_owned())?;
    module.load()?;
    // Where it is refused, all that was done until then is undone as well.
    let undone = count(|| module.unload())?;
    let which = refused(first)?..refused(last)?.saturating_sub(undone);

    ensure!(!which.is_empty(), "no allocations between {which:?}");
    println!("# allocations {which:?}");
    let counts = load(&module, which.step_by(step))?;
    println!(
        "# {} allocations failed; {} times the module did not load",
        counts.failed, counts.told
    );
    ensure!(counts.told > 0, "no allocation failed that mattered");
    module.load()?;
    module.unload()?;
    Ok(())
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let [_, step, path, parameters, first, last] = args.as_slice() else {
        eprintln!("usage: load-failslab STEP FILE PARAMETERS FIRST LAST");
        return ExitCode::from(2);
    };

    let mut report = Report::new(1);
    let outcome = match step.parse() {
        Ok(step) => match test(step, path, [parameters, first, last]) {
            Ok(()) => Ok(()),
            Err(error) => fail(format!("{error:#}")),
        },
        Err(error) => fail(format!("{step}: {error}")),
    };
    report.result("loading survives every failing allocation", outcome);
    report.finish()
}
