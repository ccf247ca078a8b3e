// SPDX-License-Identifier: GPL-2.0

//! Lets one allocation after the other fail, in everything that allocates.
//!
//! `vfio-failslab BUS DEVICE DRIVER`: the device is bound to DRIVER, and is so in the end.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    os::{fd::AsRawFd, unix::fs::OpenOptionsExt},
    process::ExitCode,
};

use anyhow::{Context, Result, ensure};
use libc::EFD_NONBLOCK;
use overdrive_guest::{
    bus::{Bus, PCI},
    failslab::each_allocation,
    ktap::{Outcome, Report, fail},
    vfio::Group,
};
use vfio_bindings::bindings::vfio::{
    VFIO_IRQ_SET_ACTION_TRIGGER as TRIGGER, VFIO_IRQ_SET_ACTION_UNMASK as UNMASK,
    VFIO_PCI_REQ_IRQ_INDEX,
};
use vmm_sys_util::eventfd::EventFd;

/// The kernel log from now on.
fn kernel_log() -> Result<File> {
    let mut log = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open("/dev/kmsg")?;
    log.seek(SeekFrom::End(0))?;
    Ok(log)
}

/// Returns `true` if the log has got a line with these words.
fn says(log: &mut File, words: &str) -> bool {
    let mut record = [0; 8192];
    let mut said = false;
    while let Ok(len) = log.read(&mut record) {
        said |= String::from_utf8_lossy(&record[..len]).contains(words);
    }
    said
}

/// Ends where VFIO puts the device into a group: soon after that, a failed allocation is a WARNING in
/// the kernel's own code (`vfio_group_release()`), whatever the driver. Not just before that, for the
/// kernel does not make the same allocations each time. For a group without an IOMMU, the log tells. A
/// group with one has been made already if another of its devices is bound.
fn bind(bus: Bus, device: &str, driver: &str) -> Result<(u32, u32)> {
    bus.unbind(device, driver)?;
    let mut log = kernel_log()?;
    let counts = each_allocation(
        || bus.bind(device, driver),
        |bound| {
            let at_group = says(&mut log, "Failed to add to iommu group");
            if !bound {
                ensure!(bus.driver(device).is_none(), "half bound");
                bus.bind(device, driver)?;
            }
            bus.unbind(device, driver)?;
            says(&mut log, "");
            Ok(at_group && !bound)
        },
    )?;
    bus.bind(device, driver)?;
    Ok(counts)
}

fn open(bus: Bus, device: &str, _driver: &str) -> Result<(u32, u32)> {
    if bus == PCI {
        // Giving the group back allocates as well, and the IOMMU core does not expect that to fail.
        let group = Group::of_pci(device)?;
        return each_allocation(
            || group.device(device).map(drop),
            |_| {
                group.device(device)?;
                Ok(false)
            },
        );
    }
    each_allocation(
        || bus.open(device).map(drop),
        |_| {
            bus.open(device)?.info()?;
            Ok(false)
        },
    )
}

fn set_irqs(bus: Bus, name: &str, _driver: &str) -> Result<(u32, u32)> {
    // Of a PCI device, the one that needs no hardware.
    let irq = if bus == PCI {
        VFIO_PCI_REQ_IRQ_INDEX
    } else {
        0
    };
    let event = EventFd::new(EFD_NONBLOCK)?;
    let unmask = EventFd::new(EFD_NONBLOCK)?;
    // Opened anew each time: an interrupt that was requested remains so.
    let device = std::cell::RefCell::new(Some(bus.open(name)?));

    each_allocation(
        || {
            let device = device.borrow();
            let device = device.as_ref().ok_or(io::ErrorKind::NotFound)?;
            device.irq_by_fd(TRIGGER, irq, event.as_raw_fd())?;
            match device.irq_by_fd(UNMASK, irq, unmask.as_raw_fd()) {
                // One that can't be masked.
                Err(error) if matches!(error.raw_os_error(), Some(libc::EINVAL | libc::ENOTTY)) => {
                    Ok(())
                }
                result => result,
            }
        },
        |_| {
            let mut device = device.borrow_mut();
            // What did not work before works now.
            let open = device.take().context("not open")?;
            let trigger = open.trigger(irq)?;
            open.irq_now(TRIGGER, irq)?;
            drop(open);
            ensure!(trigger.read()? == 1, "not signalled");
            *device = Some(bus.open(name)?);
            Ok(false)
        },
    )
}

/// Returns how many allocations failed, and how many of the failures the caller was told.
type Action = fn(Bus, &str, &str) -> Result<(u32, u32)>;

fn test(action: Action, bus: Bus, device: &str, driver: &str) -> Outcome {
    match action(bus, device, driver) {
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
    let [_, bus, device, driver] = args.as_slice() else {
        eprintln!("usage: vfio-failslab BUS DEVICE DRIVER");
        return ExitCode::from(2);
    };
    let Some(bus) = Bus::by_name(bus) else {
        eprintln!("no such bus: {bus}");
        return ExitCode::from(2);
    };

    let mut report = Report::new(3);
    report.result(
        "binding survives every failing allocation",
        test(bind, bus, device, driver),
    );
    report.result(
        "opening survives every failing allocation",
        test(open, bus, device, driver),
    );
    report.result(
        "setting interrupts survives every failing allocation",
        test(set_irqs, bus, device, driver),
    );
    report.finish()
}
