// SPDX-License-Identifier: GPL-2.0

//! A platform or AMBA device, which is taken from its user.

use std::{
    collections::VecDeque,
    fs::File,
    io,
    os::unix::fs::FileExt,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread::{self, JoinHandle, sleep},
    time::Duration,
};

use libc::{EAGAIN, EBUSY, ENODEV, MAP_SHARED, SIGBUS};
use overdrive_guest::{
    ktap::{Outcome, equal, fail, fails, skip},
    mapping::{Mapping, PAGE, signal_of_read},
    vfio::Device,
    wait::until_true,
};
use vfio_bindings::bindings::vfio::{
    VFIO_IRQ_SET_ACTION_TRIGGER as TRIGGER, VFIO_REGION_INFO_FLAG_MMAP,
};

use crate::{Subject, Test};

pub(crate) const TESTS: &[Test] = &[
    ("unbinding takes the registers away", registers),
    ("unbinding takes mappings away", mappings),
    (
        "unbinding takes mappings away that are just made",
        new_mappings,
    ),
    ("unbinding takes interrupts away", interrupts),
    ("nobody can open the device while it is taken away", opening),
    (
        "the group of a device that was taken away is free again",
        afterwards,
    ),
];

/// The device, while somebody waits for it to be given up.
struct Taken {
    device: Device,
    unbinding: JoinHandle<io::Result<()>>,
}

impl Taken {
    /// Unbinds the device in another thread, until the user notices.
    fn from(subject: &Subject, device: Device) -> io::Result<Self> {
        let unbinding = subject.begin_to_unbind();

        until_true(|| Ok(device.file().read_at(&mut [0; 1], 0).is_err()))?;
        Ok(Self { device, unbinding })
    }

    /// Gives the device up, and binds it again.
    fn finish(self, subject: &Subject) -> Outcome {
        if self.unbinding.is_finished() {
            return fail("the device is unbound although it is open");
        }
        drop(self.device);
        subject.finish(self.unbinding)
    }
}

fn registers(subject: &Subject) -> Outcome {
    let device = subject.open()?;
    let region = device.region(0)?;
    let taken = Taken::from(subject, device)?;
    let file = taken.device.file();

    for len in [1, 2, 4, 8, 16] {
        fails(
            "a read",
            file.read_at(&mut vec![0; len], region.offset),
            ENODEV,
        )?;
        fails(
            "a write",
            file.write_at(&vec![0; len], region.offset),
            ENODEV,
        )?;
    }
    fails("a reset", taken.device.reset(), ENODEV)?;
    // What is known about the device can be told.
    taken.device.info()?;
    taken.finish(subject)
}

/// Maps the first page of the device, if it has any.
pub(crate) fn first_page(device: &Device) -> io::Result<Option<Mapping>> {
    let region = device.region(0)?;
    if region.flags & VFIO_REGION_INFO_FLAG_MMAP == 0 {
        return Ok(None);
    }
    device.map(region.offset, PAGE, MAP_SHARED).map(Some)
}

fn mappings(subject: &Subject) -> Outcome {
    let device = subject.open()?;
    let (Some(touched), Some(untouched)) = (first_page(&device)?, first_page(&device)?) else {
        return skip("no pages");
    };
    touched.read_u32(0);
    equal(
        "what kills a reader before",
        signal_of_read(&touched, 0)?,
        None,
    )?;

    let taken = Taken::from(subject, device)?;
    equal(
        "what kills a reader",
        signal_of_read(&touched, 0)?,
        Some(SIGBUS),
    )?;
    equal(
        "what kills another",
        signal_of_read(&untouched, 0)?,
        Some(SIGBUS),
    )?;
    if let Some(late) = first_page(&taken.device)? {
        equal(
            "what kills a late one",
            signal_of_read(&late, 0)?,
            Some(SIGBUS),
        )?;
    }
    drop((touched, untouched));
    taken.finish(subject)
}

/// Maps a page all the time; returns the last mappings.
fn map_until(over: &AtomicBool, file: &File, position: u64) -> io::Result<VecDeque<Mapping>> {
    let mut last = VecDeque::new();

    while !over.load(Relaxed) {
        last.push_back(Mapping::of_file(file, position, PAGE, MAP_SHARED)?);
        if last.len() > 30 {
            last.pop_front();
        }
    }
    Ok(last)
}

/// Mappings that are made while the device is taken away must go, too.
fn new_mappings(subject: &Subject) -> Outcome {
    let device = subject.open()?;
    if first_page(&device)?.is_none() {
        return skip("no pages");
    }
    let position = device.region(0)?.offset;
    let file = device.file().try_clone()?;
    let over = AtomicBool::new(false);

    let (taken, mapped) = thread::scope(|scope| {
        let mappers = [(); 3].map(|()| scope.spawn(|| map_until(&over, &file, position)));
        sleep(Duration::from_millis(50));
        let taken = Taken::from(subject, device);
        over.store(true, Relaxed);
        (taken, mappers.map(|mapper| mapper.join()))
    });
    drop(file);
    let taken = taken?;
    let mut mappings = Vec::new();
    for mapper in mapped {
        mappings.extend(mapper.map_err(|_| "a thread that maps has died")??);
    }
    for mapping in &mappings {
        let signal = signal_of_read(mapping, 0)?;
        equal("what kills a reader of a new mapping", signal, Some(SIGBUS))?;
    }
    drop(mappings);
    taken.finish(subject)
}

fn interrupts(subject: &Subject) -> Outcome {
    let device = subject.open()?;
    if device.info()?.irqs == 0 {
        return skip("no interrupts");
    }
    let event = device.trigger(0)?;
    let taken = Taken::from(subject, device)?;

    // The interrupts go right after the registers.
    sleep(Duration::from_millis(100));
    fails("a trigger", taken.device.irq_now(TRIGGER, 0), ENODEV)?;
    fails("a new eventfd", taken.device.trigger(0).map(drop), ENODEV)?;
    fails("signals", event.read(), EAGAIN)?;
    taken.finish(subject)
}

fn opening(subject: &Subject) -> Outcome {
    let taken = Taken::from(subject, subject.open()?)?;

    fails("another user", subject.open().map(drop), EBUSY)?;
    if let Ok(again) = taken.device.open_again(&subject.device) {
        fails("a read", again.read_at(&mut [0; 4], 0), ENODEV)?;
    }
    taken.finish(subject)
}

fn afterwards(subject: &Subject) -> Outcome {
    for _ in 0..5 {
        Taken::from(subject, subject.open()?)?.finish(subject)?;
    }
    Ok(())
}
