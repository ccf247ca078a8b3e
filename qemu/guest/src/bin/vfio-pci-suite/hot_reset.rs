// SPDX-License-Identifier: GPL-2.0

//! The reset of everything behind a bridge.

use std::io;

use libc::{EBADF, EINVAL, ENODEV, ENOSPC, ENOTTY};
use overdrive_guest::{
    ktap::{Outcome, equal, fails, skip},
    vfio::{DEVICE_GET_PCI_HOT_RESET_INFO, DEVICE_PCI_HOT_RESET, Device, ioctl_words},
};
use vfio_bindings::bindings::vfio::VFIO_PCI_CONFIG_REGION_INDEX;

use crate::Test;

pub(crate) const TESTS: &[Test] = &[
    ("hot reset: what it would reset", info),
    ("hot reset: bad input", bad_input),
    ("hot reset", reset),
];

/// How many functions are behind the same bridge; None if there is none that resets them.
fn affected(device: &Device) -> io::Result<Option<u32>> {
    let mut words = [12, 0, 0];

    match ioctl_words(device.file(), DEVICE_GET_PCI_HOT_RESET_INFO, &mut words) {
        Err(error) if error.raw_os_error() == Some(ENODEV) => Ok(None),
        // There is no room for their names.
        Err(error) if error.raw_os_error() == Some(ENOSPC) => Ok(Some(words[2])),
        Err(error) => Err(error),
        Ok(_) => Ok(Some(words[2])),
    }
}

fn hot_reset(device: &Device, groups: &[i32]) -> io::Result<()> {
    let size = u32::try_from(12 + 4 * groups.len()).map_err(io::Error::other)?;
    let mut words = vec![
        size,
        0,
        u32::try_from(groups.len()).map_err(io::Error::other)?,
    ];
    words.extend(groups.iter().map(|fd| u32::from_ne_bytes(fd.to_ne_bytes())));

    ioctl_words(device.file(), DEVICE_PCI_HOT_RESET, &mut words).map(drop)
}

fn info(address: &str) -> Outcome {
    let device = Device::open_pci(address)?;
    let Some(count) = affected(&device)? else {
        return skip("no bridge");
    };
    let mut words = vec![0; 3 + 2 * count as usize];
    words[0] = 4 * words.len() as u32;
    ioctl_words(device.file(), DEVICE_GET_PCI_HOT_RESET_INFO, &mut words)?;
    equal("count", words[2], count)?;

    // Segment, bus, and function.
    let mut parts = address.split([':', '.']);
    let mut number = || u32::from_str_radix(parts.next().unwrap_or_default(), 16);
    let (segment, bus, slot, function) = (number()?, number()?, number()?, number()?);
    let own = segment | bus << 16 | (slot << 3 | function) << 24;
    let named = words[3..].chunks(2).filter(|pair| pair[1] == own).count();
    equal("how often it names this device", named, 1)
}

fn bad_input(address: &str) -> Outcome {
    let device = Device::open_pci(address)?;
    let Some(count) = affected(&device)? else {
        fails("a reset without a bridge", hot_reset(&device, &[0]), ENODEV)?;
        return skip("no bridge");
    };
    let mut words = [8, 0, 0];
    fails(
        "a short structure",
        ioctl_words(device.file(), DEVICE_PCI_HOT_RESET, &mut words),
        EINVAL,
    )?;
    fails("no descriptor there", hot_reset(&device, &[999]), EBADF)?;
    let not_a_group = std::os::fd::AsRawFd::as_raw_fd(device.file());
    fails("not a group", hot_reset(&device, &[not_a_group]), EINVAL)?;
    let many = vec![device.group_fd(); count as usize + 1];
    fails("too many groups", hot_reset(&device, &many), EINVAL)
}

fn reset(address: &str) -> Outcome {
    let device = Device::open_pci(address)?;
    let Some(count) = affected(&device)? else {
        return skip("no bridge");
    };
    let config = device.region(VFIO_PCI_CONFIG_REGION_INDEX)?;
    let id = device.read_u32(&config, 0)?;
    device.set_bus_master(true)?;

    match hot_reset(&device, &[device.group_fd()]) {
        Err(error) if error.raw_os_error() == Some(EINVAL) && count > 1 => {
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
