// SPDX-License-Identifier: GPL-2.0

//! Facts that a device tells about itself.

use std::{fs, os::fd::AsRawFd};

use libc::{EFAULT, EINVAL, ENOTTY};
use overdrive_guest::{
    ktap::{Outcome, equal, fail, fails},
    vfio::{
        Argument, Beginning, DEVICE_FEATURE, DEVICE_GET_INFO, DEVICE_GET_IRQ_INFO,
        DEVICE_GET_REGION_INFO, DEVICE_SET_IRQS, argsz, ioctl, ioctl_with,
    },
};
use vfio_bindings::bindings::vfio::{
    VFIO_DEVICE_FEATURE_PROBE, VFIO_DEVICE_FLAGS_RESET, VFIO_IRQ_INFO_AUTOMASKED,
    VFIO_IRQ_INFO_EVENTFD, VFIO_IRQ_INFO_MASKABLE, VFIO_REGION_INFO_FLAG_MMAP,
    VFIO_REGION_INFO_FLAG_READ, VFIO_REGION_INFO_FLAG_WRITE, vfio_device_info,
};

use crate::{Kind, Subject, Test, kind};

pub(crate) const TESTS: &[Test] = &[
    (
        "a device tells its bus, its regions and its interrupts",
        device_info,
    ),
    (
        "bad questions about the device are refused",
        device_info_bad,
    ),
    (
        "a region tells its size, its place and its accesses",
        region_info,
    ),
    ("bad questions about a region are refused", region_info_bad),
    ("an interrupt tells whether it can be masked", irq_info),
    ("bad questions about an interrupt are refused", irq_info_bad),
    ("unknown ioctls and features are refused", unknown),
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

/// Returns `true` if a table that was added to the machine's own has a method for it.
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
    let info = device.info()?;
    let mut expected = subject.bus_flag();

    if has_reset(subject, kind(subject, &device)?.0) {
        expected |= VFIO_DEVICE_FLAGS_RESET;
    }
    equal("flags", info.flags, expected)?;
    if info.regions == 0 {
        return fail("there are no regions");
    }

    // A user whose structure is longer than what this kernel knows.
    let mut long = Long {
        info: vfio_device_info {
            argsz: argsz::<Long>(),
            flags: !0,
            num_regions: !0,
            num_irqs: !0,
            ..Default::default()
        },
        beyond: 0xfeed_beef,
    };
    ioctl_with(device.file(), DEVICE_GET_INFO, &mut long)?;
    let expected = Long {
        info: vfio_device_info {
            argsz: argsz::<Long>(),
            flags: expected,
            num_regions: info.regions,
            num_irqs: info.irqs,
            ..Default::default()
        },
        beyond: 0xfeed_beef,
    };
    equal("a longer structure", long, expected)
}

/// `struct vfio_device_info` of a later kernel.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
struct Long {
    info: vfio_device_info,
    beyond: u32,
}

// SAFETY: It consists of numbers.
unsafe impl Argument for Long {}

/// Every ioctl refuses a structure that is too short, and one that can't be accessed.
fn bad_structures(subject: &Subject, request: libc::c_ulong, min: u32) -> Outcome {
    let device = subject.open()?;

    for size in [0, 4, min - 1] {
        let mut short = Beginning {
            argsz: size,
            ..Default::default()
        };
        fails(
            "a short structure",
            ioctl_with(device.file(), request, &mut short),
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
    let regions = device.info()?.regions;
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
    let regions = device.info()?.regions;
    for index in [regions, regions + 1, 1 << 23, u32::MAX] {
        fails("a region that is not there", device.region(index), EINVAL)?;
    }
    Ok(())
}

fn irq_info(subject: &Subject) -> Outcome {
    let device = subject.open()?;
    let irqs = device.info()?.irqs;

    for index in 0..irqs {
        let irq = device.irq(index)?;
        let flags = irq.flags;
        equal("the count", irq.count, 1)?;

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
    let irqs = device.info()?.irqs;
    for index in [irqs, irqs + 1, 1 << 31, u32::MAX] {
        fails("an interrupt that is not there", device.irq(index), EINVAL)?;
    }
    Ok(())
}

fn unknown(subject: &Subject) -> Outcome {
    let device = subject.open()?;

    for request in [0, 0x3b00, 0x3b64 + 12, 0x3bff, 0x5401] {
        let mut argument = Beginning {
            argsz: 64,
            ..Default::default()
        };
        fails(
            "an unknown ioctl",
            ioctl_with(device.file(), request, &mut argument),
            ENOTTY,
        )?;
    }

    // Probing for a feature that no platform device has, and with a structure that is too short.
    for (argsz, errno) in [(8, ENOTTY), (4, EINVAL)] {
        let mut feature = Beginning {
            argsz,
            flags: 3 | VFIO_DEVICE_FEATURE_PROBE,
            ..Default::default()
        };
        fails(
            &format!("a feature in {argsz} bytes"),
            ioctl_with(device.file(), DEVICE_FEATURE, &mut feature),
            errno,
        )?;
    }
    Ok(())
}
