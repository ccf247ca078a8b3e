// SPDX-License-Identifier: GPL-2.0

//! Has a PCI device open, its registers mapped, until something happens to the device.
//!
//! `vfio-pci-hold ADDRESS request|error [TOKEN]`: until the kernel asks for the device, or tells of
//! an error of the bus. TOKEN is what the user of a virtual function has from that of the physical
//! one; whoever opens the physical function first sets it. Prints `ready`, then `request` or `error`
//! with the device's class and revision, and closes the device.

use std::{process::ExitCode, time::Duration};

use anyhow::{Context, Result};
use libc::MAP_SHARED;
use overdrive_guest::{
    mapping::PAGE,
    vfio::{Device, Group},
    wait::{signals, until_within},
};
use vfio_bindings::bindings::vfio::{
    VFIO_PCI_BAR0_REGION_INDEX, VFIO_PCI_CONFIG_REGION_INDEX, VFIO_PCI_ERR_IRQ_INDEX,
    VFIO_PCI_REQ_IRQ_INDEX, VFIO_REGION_INFO_FLAG_MMAP,
};

/// The offset in the configuration space.
const CLASS_AND_REVISION: u64 = 8;

const PATIENCE: Duration = Duration::from_secs(40);

fn hold(address: &str, what: &str, index: u32, token: Option<&str>) -> Result<()> {
    let name = match token {
        Some(token) => format!("{address} vf_token={token}"),
        None => address.to_owned(),
    };
    let device = Device::open_in(Group::of_pci(address)?, &name)?;
    let region = device.region(VFIO_PCI_BAR0_REGION_INDEX)?;
    let config = device.region(VFIO_PCI_CONFIG_REGION_INDEX)?;
    let registers = if region.flags & VFIO_REGION_INFO_FLAG_MMAP == 0 {
        None
    } else {
        let registers = device.map(region.offset, PAGE, MAP_SHARED)?;
        registers.read_u32(0);
        Some(registers)
    };
    device.set_bus_master(true)?;
    let event = device.trigger(index)?;
    println!("ready");

    until_within(PATIENCE, || signals(&event)).context("nothing happened")?;
    if let Some(registers) = &registers {
        registers.read_u32(0);
    }
    // VFIO does not answer this by itself.
    println!(
        "{what} {:08x}",
        device.read_u32(&config, CLASS_AND_REVISION)?
    );
    Ok(())
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let (address, what, token) = match args.as_slice() {
        [address, what] => (address, *what, None),
        [address, what, token] => (address, *what, Some(*token)),
        _ => {
            eprintln!("usage: vfio-pci-hold ADDRESS request|error [TOKEN]");
            return ExitCode::from(2);
        }
    };
    let index = match what {
        "error" => VFIO_PCI_ERR_IRQ_INDEX,
        _ => VFIO_PCI_REQ_IRQ_INDEX,
    };

    match hold(address, what, index, token) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vfio-pci-hold: {error:#}");
            ExitCode::FAILURE
        }
    }
}
