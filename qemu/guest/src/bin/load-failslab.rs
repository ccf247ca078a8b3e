// SPDX-License-Identifier: GPL-2.0

//! Lets one allocation after the other fail while a module is loaded.
//!
//! `load-failslab STEP FILE PARAMETERS`: of all allocations, each STEPth fails once. The module is not
//! loaded, and is not in the end.

use std::{ffi::CString, fs::File, io, os::fd::AsRawFd, path::Path, process::ExitCode};

use anyhow::{Context, Result};
use libc::{SYS_delete_module, SYS_finit_module};
use overdrive_guest::{
    failslab::each_allocation_by,
    ktap::{Outcome, Report, fail},
    wait::until_true,
};

/// A module that can be loaded.
struct Module {
    file: File,
    name: CString,
    parameters: CString,
}

impl Module {
    fn new(path: &str, parameters: &str) -> Result<Self> {
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

/// Loads it with each allocation failing in turn; what loads in spite of that is unloaded.
fn load(module: &Module, step: usize) -> Result<(u32, u32)> {
    each_allocation_by(
        step,
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

fn test(step: usize, path: &str, parameters: &str) -> Outcome {
    let module = Module::new(path, parameters)?;

    match load(&module, step) {
        Ok((0, _)) => fail("no allocation failed"),
        Ok((failed, told)) => {
            println!("# {failed} allocations failed; {told} times the module did not load");
            module.load()?;
            module.unload()?;
            Ok(())
        }
        Err(error) => fail(format!("{error:#}")),
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let [_, step, path, parameters] = args.as_slice() else {
        eprintln!("usage: load-failslab STEP FILE PARAMETERS");
        return ExitCode::from(2);
    };

    let mut report = Report::new(1);
    let outcome = match step.parse() {
        Ok(step) => test(step, path, parameters),
        Err(error) => fail(format!("{step}: {error}")),
    };
    report.result("loading survives every failing allocation", outcome);
    report.finish()
}
