// SPDX-License-Identifier: GPL-2.0

//! Mapping registers.

use libc::{EINVAL, MAP_PRIVATE, MAP_SHARED};
use overdrive_guest::{
    ktap::{Outcome, equal, fails, skip},
    mapping::{Mapping, PAGE, faults, signal_of_read},
    vfio::{Device, Region},
};

use crate::{Subject, Test, info::has_reset, kind};

pub(crate) const TESTS: &[Test] = &[
    (
        "registers of a platform device have the same values mapped and read",
        mapped,
    ),
    ("every page of a region can be mapped", every_page),
    ("a part of a region can be mapped", part),
    (
        "a region can be mapped several times, and by a child",
        several,
    ),
    (
        "a page of registers is entered when it is touched",
        on_touch,
    ),
    ("a large region is entered in large pieces", large),
    ("mappings show the registers after a reset", after_reset),
    ("bad mappings are refused", refused),
    (
        "regions without pages of their own can't be mapped",
        unmappable,
    ),
];

fn pages(subject: &Subject, device: &Device) -> std::io::Result<Option<(Region, usize)>> {
    let (kind, region) = kind(subject, device)?;
    let size = usize::try_from(region.size).map_err(std::io::Error::other)?;
    Ok(kind.has_pages().then_some((region, size)))
}

fn mapped(subject: &Subject) -> Outcome {
    let device = subject.open()?;
    let Some((region, size)) = pages(subject, &device)? else {
        return skip("no pages");
    };

    let mapping = device.map(region.offset, size, MAP_SHARED)?;
    let start = usize::try_from(subject.constant())?;
    for offset in (start..start + 32).step_by(4) {
        equal(
            &format!("the register at {offset:#x}"),
            mapping.read_u32(offset),
            device.read_u32(&region, offset as u64)?,
        )?;
    }
    Ok(())
}

fn every_page(subject: &Subject) -> Outcome {
    let device = subject.open()?;
    let Some((region, size)) = pages(subject, &device)? else {
        return skip("no pages");
    };

    let mapping = device.map(region.offset, size, MAP_SHARED)?;
    // The first register of the second page is a clock.
    for offset in (0x20..size).step_by(PAGE).rev() {
        equal(
            &format!("the register at {offset:#x}"),
            mapping.read_u32(offset),
            device.read_u32(&region, offset as u64)?,
        )?;
    }
    Ok(())
}

fn part(subject: &Subject) -> Outcome {
    let device = subject.open()?;
    let Some((region, size)) = pages(subject, &device)? else {
        return skip("no pages");
    };

    for page in (0..size).step_by(PAGE) {
        let mapping = device.map(region.offset + page as u64, PAGE, MAP_SHARED)?;
        equal(
            &format!("the register at {page:#x}"),
            mapping.read_u32(0x20),
            device.read_u32(&region, page as u64 + 0x20)?,
        )?;
    }
    Ok(())
}

fn several(subject: &Subject) -> Outcome {
    let device = subject.open()?;
    let Some((region, size)) = pages(subject, &device)? else {
        return skip("no pages");
    };

    let one = device.map(region.offset, size, MAP_SHARED)?;
    let two = device.map(region.offset, PAGE, MAP_SHARED)?;
    let constant = usize::try_from(subject.constant())?;
    equal("both", one.read_u32(constant), two.read_u32(constant))?;
    equal("what killed a child", signal_of_read(&one, 0)?, None)?;
    drop(one);
    equal(
        "the other",
        two.read_u32(constant),
        device.read_u32(&region, subject.constant())?,
    )?;

    // The mapping keeps the device open.
    drop(device);
    two.read_u32(0);
    Ok(())
}

/// Overdrive's driver enters a page when it is touched; the C driver, when it is mapped.
fn on_touch(subject: &Subject) -> Outcome {
    let device = subject.open()?;
    let Some((region, _)) = pages(subject, &device)? else {
        return skip("no pages");
    };
    let constant = usize::try_from(subject.constant())?;
    let mapping = device.map(region.offset, PAGE, MAP_SHARED)?;

    for late in [subject.ours, false] {
        let before = faults()?;
        mapping.read_u32(constant);
        equal("faults", faults()? > before, late)?;
    }
    Ok(())
}

fn large(subject: &Subject) -> Outcome {
    const HUGE: usize = 2 << 20;
    let device = subject.open()?;
    let Some((region, size)) = pages(subject, &device)? else {
        return skip("no pages");
    };
    if size < HUGE {
        return skip("the region is small");
    }

    // It begins with a huge page.
    let mapping = Mapping::of_file_at_multiple(device.file(), region.offset, size, HUGE)?;
    let before = faults()?;
    for offset in (0..size).step_by(PAGE) {
        mapping.write_u32(offset, !u32::try_from(offset)?);
    }
    let faults = faults()? - before;
    for offset in (0..size).step_by(PAGE) {
        let value = device.read_u32(&region, offset as u64)?;
        equal("what was written", value, !u32::try_from(offset)?)?;
    }
    println!("# {faults} faults for {} pages", size / PAGE);
    // The C driver has entered it page by page. Where the processor does not tell by itself that a
    // page was written, each of them faults when it is.
    let few = i64::try_from(size / PAGE / 8)?;
    equal("few faults", faults <= few || !subject.ours, true)
}

fn after_reset(subject: &Subject) -> Outcome {
    let device = subject.open()?;
    let Some((region, _)) = pages(subject, &device)? else {
        return skip("no pages");
    };
    if !has_reset(subject, kind(subject, &device)?.0) {
        return skip("no reset");
    }
    let constant = usize::try_from(subject.constant())?;
    let map = || device.map(region.offset, PAGE, MAP_SHARED);

    let (touched, untouched) = (map()?, map()?);
    touched.read_u32(constant);
    device.reset()?;
    let late = map()?;
    let expected = device.read_u32(&region, subject.constant())?;
    let before = faults()?;
    let values = [&touched, &untouched, &late].map(|mapping| mapping.read_u32(constant));
    let faults = faults()? - before;
    equal("the registers", values, [expected; 3])?;
    // The C driver leaves mappings alone, overdrive's takes away those that there are.
    equal("faults", faults, if subject.ours { 3 } else { 0 })
}

fn refused(subject: &Subject) -> Outcome {
    let device = subject.open()?;
    let Some((region, size)) = pages(subject, &device)? else {
        return skip("no pages");
    };
    let regions = device.info()?.regions;
    let (start, end) = (region.offset, region.offset + region.size);
    let map = |position, len, flags| device.map(position, len, flags).map(drop);

    fails("a private mapping", map(start, size, MAP_PRIVATE), EINVAL)?;
    fails(
        "more than there is",
        map(start, size + PAGE, MAP_SHARED),
        EINVAL,
    )?;
    fails(
        "across the end",
        map(end - PAGE as u64, 2 * PAGE, MAP_SHARED),
        EINVAL,
    )?;
    fails("at the end", map(end, PAGE, MAP_SHARED), EINVAL)?;
    fails(
        "the end of the offsets",
        map((1 << 40) - PAGE as u64, 2 * PAGE, MAP_SHARED),
        EINVAL,
    )?;
    fails("misaligned", map(start + 1, PAGE, MAP_SHARED), EINVAL)?;
    fails("misaligned", map(start + 512, PAGE, MAP_SHARED), EINVAL)?;
    fails("nothing", map(start, 0, MAP_SHARED), EINVAL)?;
    fails(
        "no region",
        map(u64::from(regions) << 40, PAGE, MAP_SHARED),
        EINVAL,
    )?;
    fails(
        "far away",
        map((1 << 63) - 2 * PAGE as u64, PAGE, MAP_SHARED),
        EINVAL,
    )
}

fn unmappable(subject: &Subject) -> Outcome {
    let device = subject.open()?;
    let (kind, region) = kind(subject, &device)?;

    if kind.has_pages() {
        return skip("it has");
    }
    let result = device.map(region.offset, PAGE, MAP_SHARED).map(drop);
    fails("a mapping", result, EINVAL)
}
