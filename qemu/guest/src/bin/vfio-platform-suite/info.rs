// SPDX-License-Identifier: GPL-2.0

//! What a device tells about itself.

use std::{fs, os::fd::AsRawFd};

use libc::{EFAULT, EINVAL, ENOTTY};
use overdrive_guest::{
    ktap::{Outcome, equal, fail, fails},
    vfio::{
        DEVICE_FEATURE, DEVICE_GET_INFO, DEVICE_GET_IRQ_INFO, DEVICE_GET_REGION_INFO,
        DEVICE_SET_IRQS, ioctl, ioctl_words,
    },
};
use vfio_bindings::bindings::vfio::{
    VFIO_DEVICE_FLAGS_RESET, VFIO_IRQ_INFO_AUTOMASKED, VFIO_IRQ_INFO_EVENTFD,
    VFIO_IRQ_INFO_MASKABLE, VFIO_REGION_INFO_FLAG_MMAP, VFIO_REGION_INFO_FLAG_READ,
    VFIO_REGION_INFO_FLAG_WRITE,
};

use crate::{Kind, Subject, Test, kind};

pub(crate) const TESTS: &[Test] = &[
    ("device info", device_info),
    ("device info: bad input", device_info_bad),
    ("region info", region_info),
    ("region info: bad input", region_info_bad),
    ("interrupt info", irq_info),
    ("interrupt info: bad input", irq_info_bad),
    ("unknown ioctls and features", unknown),
];

/// The C driver has a reset for a few devices only, and for those that ACPI resets.
pub(crate) fn has_reset(subject: &Subject, kind: Kind) -> bool {
    match kind {
        Kind::VirtioMmio { .. } | Kind::WithController => subject.ours,
        Kind::Xgmac => true,
        Kind::FwCfg => acpi_has_reset(),
        _ => false,
    }
}

/// Whether a table that was added to the machine's own has a method for it.
fn acpi_has_reset() -> bool {
    fs::read_dir("/sys/firmware/acpi/tables")
        .into_iter()
        .flatten()
        .flatten()
        .filter(|table| table.file_name().as_encoded_bytes().starts_with(b"SSDT"))
        .filter_map(|table| fs::read(table.path()).ok())
        .any(|table| table.windows(4).any(|word| word == b"_RST"))
}

fn device_info(subject: &Subject) -> Outcome {
    let device = subject.open()?;
    let (flags, regions, _) = device.info()?;
    let mut expected = subject.bus_flag();

    if has_reset(subject, kind(subject, &device)?.0) {
        expected |= VFIO_DEVICE_FLAGS_RESET;
    }
    equal("flags", flags, expected)?;
    if regions == 0 {
        return fail("there are no regions");
    }

    // A user whose structure is longer than what this kernel knows.
    let mut long = [256, !0, !0, !0, 0xfeed_beef];
    ioctl_words(device.file(), DEVICE_GET_INFO, &mut long)?;
    equal(
        "a longer structure",
        long,
        [256, expected, regions, device.info()?.2, 0xfeed_beef],
    )
}

/// Every ioctl refuses a structure that is too short, and one that can't be accessed.
fn bad_structures(subject: &Subject, request: libc::c_ulong, min: u32) -> Outcome {
    let device = subject.open()?;

    for size in [0, 4, min - 1] {
        let mut words = [size, 0, 0, 0, 0, 0, 0, 0];
        fails(
            "a short structure",
            ioctl_words(device.file(), request, &mut words),
            EINVAL,
        )?;
    }
    for address in [0, 1, usize::MAX - 3, 1 << 47] {
        // SAFETY: There is nothing at these addresses.
        let result = unsafe { ioctl(device.file().as_raw_fd(), request, address) };
        fails("a bad address", result, EFAULT)?;
    }
    Ok(())
}

fn device_info_bad(subject: &Subject) -> Outcome {
    bad_structures(subject, DEVICE_GET_INFO, 16)
}

fn region_info(subject: &Subject) -> Outcome {
    let device = subject.open()?;
    let (_, regions, _) = device.info()?;
    let all = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;

    for index in 0..regions {
        let region = device.region(index)?;
        println!(
            "# region {index} has {:#x} bytes and the flags {:#x}",
            region.size, region.flags
        );
        equal("the offset", region.offset, u64::from(index) << 40)?;
        if region.size == 0 {
            return fail(format!("region {index} is empty"));
        }
        let expected = match kind(subject, &device)?.0 {
            kind if kind.has_pages() => all | VFIO_REGION_INFO_FLAG_MMAP,
            _ => all,
        };
        equal("the flags", region.flags, expected)?;
    }
    Ok(())
}

fn region_info_bad(subject: &Subject) -> Outcome {
    bad_structures(subject, DEVICE_GET_REGION_INFO, 32)?;

    let device = subject.open()?;
    let (_, regions, _) = device.info()?;
    for index in [regions, regions + 1, 1 << 23, u32::MAX] {
        fails("a region that is not there", device.region(index), EINVAL)?;
    }
    Ok(())
}

fn irq_info(subject: &Subject) -> Outcome {
    let device = subject.open()?;
    let (_, _, irqs) = device.info()?;

    for index in 0..irqs {
        let (flags, count) = device.irq(index)?;
        equal("the count", count, 1)?;

        let level = VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED;
        if flags != VFIO_IRQ_INFO_EVENTFD && flags != VFIO_IRQ_INFO_EVENTFD | level {
            return fail(format!("the flags are {flags:#x}"));
        }
        println!("# interrupt {index} has the flags {flags:#x}");
    }
    Ok(())
}

fn irq_info_bad(subject: &Subject) -> Outcome {
    bad_structures(subject, DEVICE_GET_IRQ_INFO, 16)?;
    bad_structures(subject, DEVICE_SET_IRQS, 20)?;

    let device = subject.open()?;
    let (_, _, irqs) = device.info()?;
    for index in [irqs, irqs + 1, 1 << 31, u32::MAX] {
        fails("an interrupt that is not there", device.irq(index), EINVAL)?;
    }
    Ok(())
}

fn unknown(subject: &Subject) -> Outcome {
    let device = subject.open()?;

    for request in [0, 0x3b00, 0x3b64 + 12, 0x3bff, 0x5401] {
        let mut words = [64, 0, 0, 0];
        fails(
            "an unknown ioctl",
            ioctl_words(device.file(), request, &mut words),
            ENOTTY,
        )?;
    }

    // Probing for a feature that no platform device has.
    let mut words = [8, 3 | 1 << 18];
    fails(
        "a feature",
        ioctl_words(device.file(), DEVICE_FEATURE, &mut words),
        ENOTTY,
    )?;
    let mut words = [4, 3 | 1 << 18];
    fails(
        "a short feature",
        ioctl_words(device.file(), DEVICE_FEATURE, &mut words),
        EINVAL,
    )
}
