// SPDX-License-Identifier: GPL-2.0

//! Reading and writing registers.

use std::{io, os::fd::AsRawFd, os::unix::fs::FileExt};

use libc::{EFAULT, EINVAL};
use overdrive_guest::{
    ktap::{Outcome, equal, fail, fails, skip},
    vfio::{Device, Region},
};

use crate::{Kind, Subject, Test, info::has_reset, kind};

pub(crate) const TESTS: &[Test] = &[
    (
        "registers of 4 bytes have the values that they must have",
        words,
    ),
    ("a long read is a sequence of registers", long_reads),
    ("reads of every size and alignment agree", alignment),
    ("writes of a user reach the registers of the device", writes),
    ("8 aligned bytes are two registers", eight),
    (
        "registers at an odd address are accessed in parts",
        misaligned,
    ),
    ("a read ends with the region", ends),
    (
        "positions in a device's file outside of any region are refused",
        outside,
    ),
    ("buffers that can't be accessed are refused", bad_buffers),
    ("I/O ports are read and written", ports),
    ("a reset by ioctl brings a platform device to rest", reset),
];

const DEVICE_FEATURES: u64 = 0x10;
const DEVICE_FEATURES_SEL: u64 = 0x14;
const STATUS: u64 = 0x70;
const CONFIG: u64 = 0x100;

fn words(subject: &Subject) -> Outcome {
    let device = subject.open()?;
    let (kind, region) = kind(subject, &device)?;

    match kind {
        Kind::VirtioMmio { id } => {
            equal("the version", device.read_u32(&region, 4)?, 2)?;
            if id == 0 {
                return fail("there is no device");
            }
            Ok(())
        }
        // xHCI: the capability registers' length and the version of the interface.
        Kind::Pages if subject.name.starts_with("PNP0D10") => {
            equal("the version", device.read_u32(&region, 0)? >> 16, 0x100)
        }
        _ => skip("no registers of 4 bytes"),
    }
}

fn read(device: &Device, position: u64, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    let done = device.file().read_at(&mut bytes, position)?;
    bytes.truncate(done);
    Ok(bytes)
}

fn long_reads(subject: &Subject) -> Outcome {
    let device = subject.open()?;
    let (kind, region) = kind(subject, &device)?;

    if !matches!(kind, Kind::VirtioMmio { .. }) && !kind.has_pages() {
        return skip("no registers of 4 bytes");
    }
    let mut expected = Vec::new();
    let start = subject.constant();
    for offset in (start..start + 16).step_by(4) {
        expected.extend(device.read_u32(&region, offset)?.to_le_bytes());
    }
    equal(
        "16 bytes",
        read(&device, region.offset + start, 16)?,
        expected.clone(),
    )?;
    equal(
        "12 bytes",
        read(&device, region.offset + start + 4, 12)?,
        expected[4..].to_vec(),
    )
}

/// The network device's address is a register of six bytes, which can be read in any way.
fn alignment(subject: &Subject) -> Outcome {
    let device = subject.open()?;
    let (kind, region) = kind(subject, &device)?;

    if kind != (Kind::VirtioMmio { id: 1 }) {
        return skip("needs the network device");
    }
    let mac = region.offset + CONFIG;
    let mut expected = Vec::new();
    for byte in 0..6 {
        expected.extend(read(&device, mac + byte, 1)?);
    }
    if expected.iter().all(|&byte| byte == 0) {
        return fail("the address is empty");
    }
    for start in 0..6 {
        for end in start + 1..=6 {
            let part = read(&device, mac + start as u64, end - start)?;
            equal(
                &format!("bytes {start} to {end}"),
                part,
                expected[start..end].to_vec(),
            )?;
        }
    }
    Ok(())
}

fn writes(subject: &Subject) -> Outcome {
    let device = subject.open()?;
    let (kind, region) = kind(subject, &device)?;

    if !matches!(kind, Kind::VirtioMmio { .. }) {
        return skip("needs a virtio device");
    }
    // The register to select with is write-only; what it selects is not.
    device.write_u32(&region, DEVICE_FEATURES_SEL, 0)?;
    let low = device.read_u32(&region, DEVICE_FEATURES)?;
    device.write_u32(&region, DEVICE_FEATURES_SEL, 1)?;
    let high = device.read_u32(&region, DEVICE_FEATURES)?;
    if high & 1 == 0 || low == high {
        return fail(format!("the features are {low:#x} and {high:#x}"));
    }

    device.write_u32(&region, STATUS, 1)?;
    equal("the status", device.read_u32(&region, STATUS)?, 1)?;
    device.write_u32(&region, STATUS, 0)?;
    equal("the status", device.read_u32(&region, STATUS)?, 0)
}

fn eight(subject: &Subject) -> Outcome {
    let device = subject.open()?;
    let (kind, region) = kind(subject, &device)?;

    if !matches!(kind, Kind::VirtioMmio { .. }) && !kind.has_pages() {
        return skip("no registers of 4 bytes");
    }
    let start = subject.constant();
    let mut expected = device.read_u32(&region, start)?.to_le_bytes().to_vec();
    expected.extend(device.read_u32(&region, start + 4)?.to_le_bytes());
    equal(
        "8 bytes",
        read(&device, region.offset + start, 8)?,
        expected,
    )
}

/// An access of 4 bytes at such an address is a fault in the kernel.
fn misaligned(subject: &Subject) -> Outcome {
    let device = subject.open()?;
    let (kind, region) = kind(subject, &device)?;

    if kind != Kind::Misaligned {
        return skip("the registers are aligned");
    }
    let expected: Vec<u8> = (0x40..).take(16).collect();
    for (offset, byte) in (0..).zip(&expected) {
        device
            .file()
            .write_all_at(&[*byte], region.offset + offset)?;
    }
    for start in 0..8 {
        for end in [start + 1, start + 2, start + 4, start + 8] {
            let part = read(&device, region.offset + start as u64, end - start)?;
            equal(
                &format!("bytes {start} to {end}"),
                part,
                expected[start..end].to_vec(),
            )?;
        }
    }
    device.write_u32(&region, 4, 0x0403_0201)?;
    equal(
        "what was written",
        read(&device, region.offset + 4, 4)?,
        vec![1, 2, 3, 4],
    )
}

fn ends(subject: &Subject) -> Outcome {
    let device = subject.open()?;
    let (kind, region) = kind(subject, &device)?;

    if kind == Kind::FwCfg {
        return skip("the last ports are not for reading");
    }
    let end = region.offset + region.size;
    equal("a read across the end", read(&device, end - 2, 8)?.len(), 2)?;
    equal(
        "a read of the last byte",
        read(&device, end - 1, 1)?.len(),
        1,
    )?;
    fails("a read at the end", read(&device, end, 1), EINVAL)?;
    fails(
        "a read behind the end",
        read(&device, end + 4096, 4),
        EINVAL,
    )?;
    fails(
        "a write at the end",
        device.file().write_at(&[0; 4], end),
        EINVAL,
    )?;
    equal(
        "a read of nothing",
        read(&device, region.offset, 0)?.len(),
        0,
    )
}

fn outside(subject: &Subject) -> Outcome {
    let device = subject.open()?;
    let regions = device.info()?.regions;
    let top = u64::try_from(i64::MAX)?;

    for position in [
        u64::from(regions) << 40,
        (u64::from(regions) << 40) + 4,
        1 << 62,
        top - 4096,
        top & !7,
    ] {
        fails("a read", read(&device, position, 4), EINVAL)?;
        fails("a write", device.file().write_at(&[0; 4], position), EINVAL)?;
    }
    // The system call itself refuses what is negative.
    for position in [1 << 63, u64::MAX, u64::MAX - 4095] {
        fails("a read", read(&device, position, 4), EINVAL)?;
        fails("a write", device.file().write_at(&[0; 4], position), EINVAL)?;
    }
    Ok(())
}

fn bad_buffers(subject: &Subject) -> Outcome {
    let device = subject.open()?;
    let (_, region) = kind(subject, &device)?;
    let position = i64::try_from(region.offset)?;
    for len in [1, 2, 4, 8, 16] {
        // SAFETY: There is no memory at this address.
        let done = unsafe { libc::pread(device.file().as_raw_fd(), 8 as _, len, position) };
        fails("a read", result(done), EFAULT)?;
        // SAFETY: As above.
        let done = unsafe { libc::pwrite(device.file().as_raw_fd(), 8 as _, len, position) };
        fails("a write", result(done), EFAULT)?;
    }
    Ok(())
}

fn result(done: isize) -> io::Result<isize> {
    if done < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(done)
    }
}

/// A 16-bit port selects an item, an 8-bit port reads it; item 0 is a signature.
fn ports(subject: &Subject) -> Outcome {
    let device = subject.open()?;
    let (kind, region) = kind(subject, &device)?;

    if kind != Kind::FwCfg {
        return skip("no I/O ports");
    }
    let select = || device.file().write_at(&[0, 0], region.offset);
    for _ in 0..2 {
        equal("what was written", select()?, 2)?;
        let mut signature = Vec::new();
        for _ in 0..4 {
            signature.extend(read(&device, region.offset + 1, 1)?);
        }
        equal("the signature", signature, b"QEMU".to_vec())?;
    }
    fails(
        "a read at the end",
        read(&device, region.offset + region.size, 1),
        EINVAL,
    )
}

fn reset(subject: &Subject) -> Outcome {
    let device = subject.open()?;
    let (kind, region) = kind(subject, &device)?;

    if kind == Kind::SharesReset {
        return leave_shared_line(device);
    }
    if !has_reset(subject, kind) {
        return fails("a reset that there is not", device.reset(), EINVAL);
    }
    match kind {
        Kind::Xgmac => return reset_xgmac(subject, device, region),
        Kind::FwCfg => return reset_by_acpi(subject, device, region),
        Kind::WithController => return reset_by_controller(subject, device),
        _ => {}
    }
    device.write_u32(&region, STATUS, 3)?;
    device.reset()?;
    equal(
        "the status after a reset",
        device.read_u32(&region, STATUS)?,
        0,
    )?;

    device.write_u32(&region, STATUS, 3)?;
    drop(device);
    let device = subject.open()?;
    equal(
        "the status after an open",
        device.read_u32(&region, STATUS)?,
        0,
    )
}

/// A reset stops the controller, and leaves its other settings.
fn reset_xgmac(subject: &Subject, device: Device, region: Region) -> Outcome {
    const REGISTERS: [(&str, u64, u32); 3] = [
        ("the control register", 0x000, 1 << 2 | 1 << 3),
        ("the DMA control register", 0xf18, 1 << 1 | 1 << 13),
        ("the enabled interrupts", 0xf1c, !0),
    ];
    const SETTING: u32 = 1 << 20;
    let start = |device: &Device| {
        REGISTERS.iter().try_for_each(|(_, register, bits)| {
            device.write_u32(&region, *register, bits | SETTING)
        })
    };
    let is_stopped = |device: &Device| {
        REGISTERS.iter().try_for_each(|(name, register, bits)| {
            let value = device.read_u32(&region, *register)?;
            equal(name, value, SETTING & !bits)
        })
    };

    start(&device)?;
    device.reset()?;
    is_stopped(&device)?;

    start(&device)?;
    drop(device);
    is_stopped(&subject.open()?)
}

/// ACPI's method selects the first item again, a signature; a byte is gone when it was read.
fn reset_by_acpi(subject: &Subject, device: Device, region: Region) -> Outcome {
    const SIGNATURE: &[u8] = b"QEMU";
    let next = |device: &Device| read(device, region.offset + 1, 1);

    for byte in SIGNATURE {
        equal("the signature after an open", next(&device)?, vec![*byte])?;
    }
    device.reset()?;
    equal("a byte after a reset", next(&device)?, vec![SIGNATURE[0]])?;
    equal("the next byte", next(&device)?, vec![SIGNATURE[1]])?;

    drop(device);
    let device = subject.open()?;
    equal("a byte after an open", next(&device)?, vec![SIGNATURE[0]])
}

/// In the end the device's line is released, whatever it was before; others stay as they are.
fn reset_by_controller(subject: &Subject, device: Device) -> Outcome {
    const LINE: u32 = 1 << 3;
    let lines = device.region(1)?;

    for before in [LINE, !0] {
        device.write_u32(&lines, 0, before)?;
        device.reset()?;
        let after = device.read_u32(&lines, 0)?;
        equal("the lines after a reset", after, before & !LINE)?;
    }

    device.write_u32(&lines, 0, !0)?;
    drop(device);
    let device = subject.open()?;
    let after = device.read_u32(&lines, 0)?;
    equal("the lines after an open", after, !LINE)?;
    Ok(device.write_u32(&lines, 0, 0)?)
}

/// The line stays as it is: another device would be reset by it.
fn leave_shared_line(device: Device) -> Outcome {
    let lines = device.region(1)?;

    device.write_u32(&lines, 0, !0)?;
    fails("a reset by a shared line", device.reset(), EINVAL)?;
    equal("the lines afterwards", device.read_u32(&lines, 0)?, !0)?;
    Ok(device.write_u32(&lines, 0, 0)?)
}
