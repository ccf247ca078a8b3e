// SPDX-License-Identifier: GPL-2.0

//! Lets one allocation after the other fail, in everything that allocates.
//!
//! `vfio-platform-failslab DEVICE DRIVER`: the device is bound to DRIVER, and is so in the end.

use std::{
    fs, io,
    os::fd::AsRawFd,
    process::ExitCode,
};

use anyhow::{Context, Result, bail, ensure};
use libc::EFD_NONBLOCK;
use overdrive_guest::{
    ktap::{Outcome, Report, fail},
    platform,
    vfio::Device,
};
use vfio_bindings::bindings::vfio::{
    VFIO_IRQ_SET_ACTION_TRIGGER as TRIGGER, VFIO_IRQ_SET_ACTION_UNMASK as UNMASK,
};
use vmm_sys_util::eventfd::EventFd;

const FAIL_NTH: &str = "/proc/thread-self/fail-nth";

/// More allocations than anything here makes.
const LIMIT: u32 = 2000;

/// Calls `action` with the first allocation failing, then with the second, until none fails.
/// Returns how many failures there were, and how many of them the caller was told.
fn each_allocation(
    mut action: impl FnMut() -> io::Result<()>,
    mut undo: impl FnMut(bool) -> Result<()>,
) -> Result<(u32, u32)> {
    let mut told = 0;

    for nth in 1..LIMIT {
        fs::write(FAIL_NTH, nth.to_string())?;
        let result = action();
        let left: u32 = fs::read_to_string(FAIL_NTH)?.trim().parse()?;
        fs::write(FAIL_NTH, "0")?;

        undo(result.is_ok()).with_context(|| format!("after failure {nth}: {result:?}"))?;
        if left > 0 {
            result.context("no allocation failed, but the call did")?;
            return Ok((nth - 1, told));
        }
        if result.is_err() {
            told += 1;
        }
    }
    bail!("still failing after {LIMIT} allocations")
}

fn bind(device: &str, driver: &str) -> Result<(u32, u32)> {
    platform::unbind(device, driver)?;
    let counts = each_allocation(
        || platform::bind(device, driver),
        |bound| {
            if !bound {
                ensure!(platform::driver(device).is_none(), "half bound");
                platform::bind(device, driver)?;
            }
            platform::unbind(device, driver)?;
            Ok(())
        },
    )?;
    platform::bind(device, driver)?;
    Ok(counts)
}

fn open(device: &str, _driver: &str) -> Result<(u32, u32)> {
    each_allocation(
        || Device::open(device).map(drop),
        |_| {
            Device::open(device)?.info()?;
            Ok(())
        },
    )
}

fn set_irqs(name: &str, _driver: &str) -> Result<(u32, u32)> {
    let event = EventFd::new(EFD_NONBLOCK)?;
    let unmask = EventFd::new(EFD_NONBLOCK)?;
    // Opened anew each time: an interrupt that was requested remains so.
    let device = std::cell::RefCell::new(Some(Device::open(name)?));

    each_allocation(
        || {
            let device = device.borrow();
            let device = device.as_ref().ok_or(io::ErrorKind::NotFound)?;
            device.irq_by_fd(TRIGGER, 0, event.as_raw_fd())?;
            match device.irq_by_fd(UNMASK, 0, unmask.as_raw_fd()) {
                // An edge-triggered one.
                Err(error) if error.raw_os_error() == Some(libc::EINVAL) => Ok(()),
                result => result,
            }
        },
        |_| {
            let mut device = device.borrow_mut();
            // What did not work before works now.
            let open = device.take().context("not open")?;
            let trigger = open.trigger(0)?;
            open.irq_now(TRIGGER, 0)?;
            drop(open);
            ensure!(trigger.read()? == 1, "not signalled");
            *device = Some(Device::open(name)?);
            Ok(())
        },
    )
}

fn test(action: fn(&str, &str) -> Result<(u32, u32)>, device: &str, driver: &str) -> Outcome {
    match action(device, driver) {
        Ok((0, _)) => fail("no allocation failed"),
        Ok((failed, told)) => {
            println!("# {failed} allocations failed; {told} times the caller was told");
            Ok(())
        }
        Err(error) => fail(format!("{error:#}")),
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let [_, device, driver] = args.as_slice() else {
        eprintln!("usage: vfio-platform-failslab DEVICE DRIVER");
        return ExitCode::from(2);
    };

    let mut report = Report::new(3);
    report.result("binding", test(bind, device, driver));
    report.result("opening", test(open, device, driver));
    report.result("setting interrupts", test(set_irqs, device, driver));
    report.finish()
}
