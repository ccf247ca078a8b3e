// SPDX-License-Identifier: GPL-2.0

//! The reset of everything behind a bridge.

use std::io;

use libc::{EBADF, EINVAL, ENODEV, ENOSPC, ENOTTY};
use overdrive_guest::{
    ktap::{Outcome, equal, fails, skip},
    vfio::{
        Argument, Beginning, DEVICE_GET_PCI_HOT_RESET_INFO, DEVICE_PCI_HOT_RESET, Device, argsz,
        ioctl_with,
    },
};
use vfio_bindings::bindings::vfio::VFIO_PCI_CONFIG_REGION_INDEX;

use crate::Test;

pub(crate) const TESTS: &[Test] = &[
    ("a hot reset tells what it would reset", info),
    ("bad hot resets are refused", bad_input),
    ("a hot reset leaves the device as it was configured", reset),
];

/// The most functions, and the most groups, that a test names.
const MOST: usize = 16;

/// `struct vfio_pci_dependent_device`
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Function {
    group: u32,
    segment: u16,
    bus: u8,
    devfn: u8,
}

/// `struct vfio_pci_hot_reset_info` with its data.
#[repr(C)]
#[derive(Clone, Copy)]
struct Affected {
    argsz: u32,
    flags: u32,
    count: u32,
    devices: [Function; MOST],
}

/// `struct vfio_pci_hot_reset` with its data.
#[repr(C)]
#[derive(Clone, Copy)]
struct HotReset {
    argsz: u32,
    flags: u32,
    count: u32,
    groups: [i32; MOST],
}

// SAFETY: They consist of numbers.
unsafe impl Argument for Affected {}
// SAFETY: As above.
unsafe impl Argument for HotReset {}

/// The functions behind the same bridge; None if there is none that resets them.
fn affected(device: &Device) -> io::Result<Option<Vec<Function>>> {
    let mut affected = Affected {
        argsz: argsz::<Affected>(),
        flags: 0,
        count: 0,
        devices: [Function::default(); MOST],
    };

    match ioctl_with(device.file(), DEVICE_GET_PCI_HOT_RESET_INFO, &mut affected) {
        Err(error) if error.raw_os_error() == Some(ENODEV) => Ok(None),
        Err(error) => Err(error),
        Ok(_) => Ok(Some(affected.devices[..affected.count as usize].to_vec())),
    }
}

fn hot_reset(device: &Device, groups: &[i32]) -> io::Result<()> {
    let mut argument = HotReset {
        argsz: argsz::<HotReset>(),
        flags: 0,
        count: u32::try_from(groups.len()).map_err(io::Error::other)?,
        groups: [0; MOST],
    };
    argument.groups[..groups.len()].copy_from_slice(groups);

    ioctl_with(device.file(), DEVICE_PCI_HOT_RESET, &mut argument).map(drop)
}

fn info(address: &str) -> Outcome {
    let device = Device::open_pci(address)?;
    let Some(affected) = affected(&device)? else {
        return skip("no bridge");
    };
    let mut short = Beginning {
        argsz: 12,
        ..Default::default()
    };
    fails(
        "no space for their names",
        ioctl_with(device.file(), DEVICE_GET_PCI_HOT_RESET_INFO, &mut short),
        ENOSPC,
    )?;
    equal(
        "the count all the same",
        short.rest[0] as usize,
        affected.len(),
    )?;

    let mut parts = address.split([':', '.']);
    let mut number = || u16::from_str_radix(parts.next().unwrap_or_default(), 16);
    let (segment, bus, slot, function) = (number()?, number()?, number()?, number()?);
    let named = affected
        .iter()
        .filter(|other| {
            (other.segment, u16::from(other.bus)) == (segment, bus)
                && u16::from(other.devfn) == slot << 3 | function
        })
        .count();
    equal("how often it names this device", named, 1)
}

fn bad_input(address: &str) -> Outcome {
    let device = Device::open_pci(address)?;
    let Some(affected) = affected(&device)? else {
        fails("a reset without a bridge", hot_reset(&device, &[0]), ENODEV)?;
        return skip("no bridge");
    };
    let mut short = Beginning {
        argsz: 8,
        ..Default::default()
    };
    fails(
        "a short structure",
        ioctl_with(device.file(), DEVICE_PCI_HOT_RESET, &mut short),
        EINVAL,
    )?;
    fails("no descriptor there", hot_reset(&device, &[999]), EBADF)?;
    let not_a_group = std::os::fd::AsRawFd::as_raw_fd(device.file());
    fails("not a group", hot_reset(&device, &[not_a_group]), EINVAL)?;
    let many = vec![device.group_fd(); affected.len() + 1];
    fails("too many groups", hot_reset(&device, &many), EINVAL)
}

fn reset(address: &str) -> Outcome {
    let device = Device::open_pci(address)?;
    let Some(affected) = affected(&device)? else {
        return skip("no bridge");
    };
    let config = device.region(VFIO_PCI_CONFIG_REGION_INDEX)?;
    let id = device.read_u32(&config, 0)?;
    device.set_bus_master(true)?;

    match hot_reset(&device, &[device.group_fd()]) {
        Err(error) if error.raw_os_error() == Some(EINVAL) && affected.len() > 1 => {
            return skip("not all devices behind the bridge are in this group");
        }
        Err(error) if error.raw_os_error() == Some(ENOTTY) => {
            return skip("the port does not tell when its link is up again");
        }
        result => result?,
    }
    // It is there, and its configuration is what it was.
    equal("ID", device.read_u32(&config, 0)?, id)?;
    equal("bus master", device.read_u32(&config, 4)? & 4, 4)
}
