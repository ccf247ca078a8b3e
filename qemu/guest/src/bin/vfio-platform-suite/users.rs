// SPDX-License-Identifier: GPL-2.0

//! Who may have the device open, and how often.

use std::{
    fs::{self, File, OpenOptions},
    os::{fd::AsRawFd, unix::fs::FileExt},
    path::PathBuf,
};

use libc::{EBUSY, EINVAL, ENODEV};
use overdrive_guest::{
    ktap::{Outcome, equal, fails, skip},
    vfio::{DEVICE_BIND_IOMMUFD, DEVICE_GET_INFO, Device, firmware_bus, ioctl_words},
};

use crate::{Subject, Test};

pub(crate) const TESTS: &[Test] = &[
    (
        "opened many times, one after the other",
        one_after_the_other,
    ),
    ("a group has one user", one_user),
    ("a user opens the device twice", twice),
    ("a name that is not the device's", other_name),
    ("the character device", cdev),
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
    let mut words = [16, 0, 0, 0];
    ioctl_words(&again, DEVICE_GET_INFO, &mut words)?;
    drop(device);
    ioctl_words(&again, DEVICE_GET_INFO, &mut words)?;
    equal("the bus", words[1] & subject.bus_flag(), subject.bus_flag())
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

    let mut words = [16, 0, 0, 0];
    fails(
        "an ioctl before the binding",
        ioctl_words(&file, DEVICE_GET_INFO, &mut words),
        EINVAL,
    )?;
    fails(
        "a read before the binding",
        file.read_at(&mut [0; 4], 0),
        EINVAL,
    )?;

    let fd = u32::try_from(iommufd.as_raw_fd())?;
    let mut bind = [16, 0, fd, 0, 0, 0];
    ioctl_words(&file, DEVICE_BIND_IOMMUFD, &mut bind)?;
    ioctl_words(&file, DEVICE_GET_INFO, &mut words)?;
    equal("the bus", words[1] & subject.bus_flag(), subject.bus_flag())?;
    file.read_exact_at(&mut [0; 1], 0)?;
    fails(
        "the group meanwhile",
        Device::open(&subject.name).map(drop),
        EBUSY,
    )
}
