// SPDX-License-Identifier: GPL-2.0

//! Users that have the device open, and their number.

use std::{
    fs::{self, File, OpenOptions},
    os::{fd::AsRawFd, unix::fs::FileExt},
    path::PathBuf,
};

use libc::{EBUSY, EINVAL, ENODEV};
use overdrive_guest::{
    ktap::{Outcome, equal, fails, skip},
    vfio::{DEVICE_BIND_IOMMUFD, Device, argsz, firmware_bus, info_of, ioctl_with},
};

use vfio_bindings::bindings::vfio::vfio_device_bind_iommufd;

use crate::{Subject, Test};

pub(crate) const TESTS: &[Test] = &[
    (
        "a device can be opened many times, one after the other",
        one_after_the_other,
    ),
    ("a group has one user", one_user),
    ("a user can open a device twice", twice),
    ("a name that is not the device's is refused", other_name),
    ("a user comes through the character device", cdev),
];

fn one_after_the_other(subject: &Subject) -> Outcome {
    for _ in 0..20 {
        subject.open()?.info()?;
    }
    Ok(())
}

fn one_user(subject: &Subject) -> Outcome {
    let _device = subject.open()?;
    fails("a second user", subject.open().map(drop), EBUSY)
}

fn twice(subject: &Subject) -> Outcome {
    let device = subject.open()?;
    let again = device.open_again(&subject.name)?;
    info_of(&again)?;
    drop(device);
    let flags = info_of(&again)?.flags;
    equal("the bus", flags & subject.bus_flag(), subject.bus_flag())
}

fn other_name(subject: &Subject) -> Outcome {
    let device = subject.open()?;
    fails("another name", device.open_again("no-such-device"), ENODEV)
}

/// The device's own node, where the kernel has one for devices without an IOMMU.
fn node(subject: &Subject) -> std::io::Result<Option<PathBuf>> {
    let dir = format!(
        "/sys/bus/{}/devices/{}/vfio-dev",
        firmware_bus(&subject.name),
        subject.name
    );
    let Some(entry) = fs::read_dir(dir)?.next() else {
        return Ok(None);
    };
    let node = PathBuf::from("/dev/vfio/devices").join(entry?.file_name());
    Ok(node.exists().then_some(node))
}

fn cdev(subject: &Subject) -> Outcome {
    let Some(node) = node(subject)? else {
        return skip("this kernel has none for a device without an IOMMU");
    };
    let open = |path: &PathBuf| OpenOptions::new().read(true).write(true).open(path);
    let iommufd = open(&"/dev/iommu".into())?;
    let file: File = open(&node)?;

    fails("an ioctl before the binding", info_of(&file), EINVAL)?;
    fails(
        "a read before the binding",
        file.read_at(&mut [0; 4], 0),
        EINVAL,
    )?;

    let mut bind = vfio_device_bind_iommufd {
        argsz: argsz::<vfio_device_bind_iommufd>(),
        iommufd: iommufd.as_raw_fd(),
        ..Default::default()
    };
    ioctl_with(&file, DEVICE_BIND_IOMMUFD, &mut bind)?;
    let flags = info_of(&file)?.flags;
    equal("the bus", flags & subject.bus_flag(), subject.bus_flag())?;
    file.read_exact_at(&mut [0; 1], 0)?;
    fails(
        "the group meanwhile",
        Device::open(&subject.name).map(drop),
        EBUSY,
    )
}
