// SPDX-License-Identifier: GPL-2.0

//! Interrupts, by the loopback that needs no device: userspace triggers them itself.

use std::{
    fs::File,
    io,
    os::fd::AsRawFd,
    sync::atomic::{AtomicU32, Ordering},
};

use libc::{EBADF, EBUSY, EFAULT, EFD_NONBLOCK, EINVAL, ENOTTY};
use overdrive_guest::{
    ktap::{Outcome, equal, fails, skip},
    mapping::{Mapping, PAGE},
    vfio::{DEVICE_SET_IRQS, Device, IrqSet, ioctl, ioctl_with},
    wait::until_true,
};
use vfio_bindings::bindings::vfio::{
    VFIO_IRQ_SET_ACTION_MASK as MASK, VFIO_IRQ_SET_ACTION_TRIGGER as TRIGGER,
    VFIO_IRQ_SET_ACTION_UNMASK as UNMASK, VFIO_IRQ_SET_DATA_BOOL as BOOL,
    VFIO_IRQ_SET_DATA_EVENTFD as EVENTFD, VFIO_IRQ_SET_DATA_NONE as NONE,
};
use vmm_sys_util::eventfd::EventFd;

use crate::{Subject, Test, has_level_irq};

pub(crate) const TESTS: &[Test] = &[
    ("an interrupt is triggered now", now),
    ("a byte says whether an interrupt is triggered", by_byte),
    (
        "a level is masked by the interrupt and unmasked by ioctl",
        automask,
    ),
    ("a level is unmasked by an eventfd", unmask_by_eventfd),
    ("a level is masked by an eventfd", mask_by_eventfd),
    (
        "an eventfd that is signalled already unmasks a level at once",
        signalled_before,
    ),
    (
        "a level is masked and unmasked by one eventfd at a time",
        one_at_a_time,
    ),
    (
        "a level survives masking and unmasking from all sides at once",
        from_all_sides,
    ),
    ("an edge can't be masked", edge),
    ("an interrupt without an eventfd signals nobody", disabled),
    ("an eventfd that is closed meanwhile does no harm", closed),
    (
        "a bad descriptor for an interrupt changes nothing",
        bad_descriptor,
    ),
    ("bad ranges of interrupts are refused", bad_ranges),
    ("bad flags of interrupts are refused", bad_flags),
    ("bad data of interrupts are refused", bad_data),
    ("closing undoes all that was set for interrupts", undone),
    ("a clock's alarm comes until it is served", alarm),
    (
        "whoever takes an eventfd back is told of an interrupt before",
        taken_back,
    ),
];

/// Returns how often the eventfd was signalled since the last call.
fn count(event: &EventFd) -> u64 {
    event.read().unwrap_or(0)
}

fn with_irq(subject: &Subject) -> io::Result<Option<Device>> {
    let device = subject.open()?;
    Ok((device.info()?.irqs > 0).then_some(device))
}

fn with_level_irq(subject: &Subject) -> io::Result<Option<Device>> {
    match with_irq(subject)? {
        Some(device) if has_level_irq(&device)? => Ok(Some(device)),
        _ => Ok(None),
    }
}

fn now(subject: &Subject) -> Outcome {
    let Some(device) = with_irq(subject)? else {
        return skip("no interrupt");
    };
    let event = device.trigger(0)?;
    equal("signals", count(&event), 0)?;
    device.irq_now(TRIGGER, 0)?;
    equal("signals", count(&event), 1)?;
    equal("signals", count(&event), 0)
}

fn by_byte(subject: &Subject) -> Outcome {
    let Some(device) = with_irq(subject)? else {
        return skip("no interrupt");
    };
    let event = device.trigger(0)?;
    device.set_irqs(TRIGGER | BOOL, 0, (0, 1), &[0])?;
    equal("signals", count(&event), 0)?;
    device.set_irqs(TRIGGER | BOOL, 0, (0, 1), &[1])?;
    equal("signals", count(&event), 1)
}

fn automask(subject: &Subject) -> Outcome {
    let Some(device) = with_level_irq(subject)? else {
        return skip("no level-triggered interrupt");
    };
    let event = device.trigger(0)?;
    device.irq_now(TRIGGER, 0)?;
    device.irq_now(TRIGGER, 0)?;
    equal("signals of two triggers", count(&event), 1)?;
    // Any number of times, in any order.
    for _ in 0..3 {
        device.irq_now(UNMASK, 0)?;
    }
    device.irq_now(TRIGGER, 0)?;
    equal("signals after unmasking", count(&event), 1)?;

    device.irq_now(UNMASK, 0)?;
    device.set_irqs(MASK | BOOL, 0, (0, 1), &[0])?;
    device.irq_now(TRIGGER, 0)?;
    equal("signals after masking by 0", count(&event), 1)?;
    device.set_irqs(UNMASK | BOOL, 0, (0, 1), &[1])?;
    device.irq_now(MASK, 0)?;
    device.irq_now(TRIGGER, 0)?;
    equal("signals after masking", count(&event), 0)
}

fn unmask_by_eventfd(subject: &Subject) -> Outcome {
    let Some(device) = with_level_irq(subject)? else {
        return skip("no level-triggered interrupt");
    };
    let event = device.trigger(0)?;
    let unmask = EventFd::new(EFD_NONBLOCK)?;
    device.irq_by_fd(UNMASK, 0, unmask.as_raw_fd())?;

    for _ in 0..100 {
        device.irq_now(TRIGGER, 0)?;
        equal("signals", count(&event), 1)?;
        unmask.write(1)?;
        // The handler is called by the signal itself.
        equal("what is left of the signal", count(&unmask), 0)?;
    }
    device.irq_by_fd(UNMASK, 0, -1)?;
    device.irq_now(TRIGGER, 0)?;
    equal("signals", count(&event), 1)?;
    unmask.write(1)?;
    device.irq_now(TRIGGER, 0)?;
    equal("signals after the eventfd was taken back", count(&event), 0)
}

fn mask_by_eventfd(subject: &Subject) -> Outcome {
    let Some(device) = with_level_irq(subject)? else {
        return skip("no level-triggered interrupt");
    };
    let event = device.trigger(0)?;
    let mask = EventFd::new(EFD_NONBLOCK)?;
    device.irq_by_fd(MASK, 0, mask.as_raw_fd())?;
    mask.write(1)?;
    device.irq_now(TRIGGER, 0)?;
    equal("signals while masked", count(&event), 0)?;
    device.irq_now(UNMASK, 0)?;
    device.irq_now(TRIGGER, 0)?;
    equal("signals after unmasking", count(&event), 1)
}

fn signalled_before(subject: &Subject) -> Outcome {
    let Some(device) = with_level_irq(subject)? else {
        return skip("no level-triggered interrupt");
    };
    let event = device.trigger(0)?;
    device.irq_now(TRIGGER, 0)?;
    let unmask = EventFd::new(EFD_NONBLOCK)?;
    unmask.write(1)?;
    device.irq_by_fd(UNMASK, 0, unmask.as_raw_fd())?;
    count(&event);
    device.irq_now(TRIGGER, 0)?;
    equal("signals", count(&event), 1)
}

fn one_at_a_time(subject: &Subject) -> Outcome {
    let Some(device) = with_level_irq(subject)? else {
        return skip("no level-triggered interrupt");
    };
    for action in [MASK, UNMASK] {
        let (one, two) = (EventFd::new(EFD_NONBLOCK)?, EventFd::new(EFD_NONBLOCK)?);
        device.irq_by_fd(action, 0, one.as_raw_fd())?;
        fails(
            "a second eventfd",
            device.irq_by_fd(action, 0, two.as_raw_fd()),
            EBUSY,
        )?;
        // Closing it makes room.
        drop(one);
        until_true(|| Ok(device.irq_by_fd(action, 0, two.as_raw_fd()).is_ok()))?;
        device.irq_by_fd(action, 0, -1)?;
        device.irq_by_fd(action, 0, -1)?;
    }
    Ok(())
}

/// Masks and unmasks the first interrupt by ioctls, and beside them by signals; they take effect while
/// the ioctls take turns. In the end the line is unmasked.
fn mask_and_unmask(device: &Device) -> io::Result<()> {
    const ROUNDS: u32 = 500;
    let (mask, unmask) = (EventFd::new(EFD_NONBLOCK)?, EventFd::new(EFD_NONBLOCK)?);
    device.irq_by_fd(MASK, 0, mask.as_raw_fd())?;
    device.irq_by_fd(UNMASK, 0, unmask.as_raw_fd())?;

    std::thread::scope(|scope| {
        let threads = [&mask, &unmask]
            .map(|signal| scope.spawn(move || (0..ROUNDS).try_for_each(|_| signal.write(1))));
        for _ in 0..ROUNDS {
            device.irq_now(TRIGGER, 0)?;
            device.irq_now(UNMASK, 0)?;
            device.irq_now(MASK, 0)?;
        }
        for thread in threads {
            thread
                .join()
                .map_err(|_| io::Error::other("a thread panicked"))??;
        }
        io::Result::Ok(())
    })?;

    for action in [MASK, UNMASK] {
        device.irq_by_fd(action, 0, -1)?;
    }
    device.irq_now(UNMASK, 0)
}

/// One unmasking is enough, whatever came before it, and one masking.
fn from_all_sides(subject: &Subject) -> Outcome {
    let Some(device) = with_level_irq(subject)? else {
        return skip("no level-triggered interrupt");
    };
    let event = device.trigger(0)?;
    mask_and_unmask(&device)?;
    count(&event);
    device.irq_now(TRIGGER, 0)?;
    equal("signals of an unmasked line", count(&event), 1)?;
    device.irq_now(UNMASK, 0)?;
    device.irq_now(MASK, 0)?;
    device.irq_now(TRIGGER, 0)?;
    equal("signals of a masked line", count(&event), 0)
}

fn edge(subject: &Subject) -> Outcome {
    let Some(device) = with_irq(subject)? else {
        return skip("no interrupt");
    };
    if has_level_irq(&device)? {
        return skip("no edge-triggered interrupt");
    }
    let event = device.trigger(0)?;
    device.irq_now(TRIGGER, 0)?;
    device.irq_now(TRIGGER, 0)?;
    equal("signals", count(&event), 2)?;
    for action in [MASK, UNMASK] {
        fails("masking", device.irq_now(action, 0), EINVAL)?;
        fails(
            "masking",
            device.irq_by_fd(action, 0, event.as_raw_fd()),
            EINVAL,
        )?;
        fails(
            "masking",
            device.set_irqs(action | BOOL, 0, (0, 1), &[1]),
            EINVAL,
        )?;
    }
    Ok(())
}

fn disabled(subject: &Subject) -> Outcome {
    let Some(device) = with_irq(subject)? else {
        return skip("no interrupt");
    };
    let level = has_level_irq(&device)?;

    // Both ways of taking the eventfd back, also twice.
    for _ in 0..2 {
        let event = device.trigger(0)?;
        device.irq_by_fd(TRIGGER, 0, -1)?;
        device.irq_by_fd(TRIGGER, 0, -1)?;
        device.irq_now(TRIGGER, 0)?;
        equal("signals", count(&event), 0)?;

        let event = device.trigger(0)?;
        device.set_irqs(TRIGGER | NONE, 0, (0, 0), &[])?;
        device.set_irqs(TRIGGER | NONE, 0, (0, 0), &[])?;
        device.irq_now(TRIGGER, 0)?;
        equal("signals", count(&event), 0)?;
        if level {
            device.irq_now(UNMASK, 0)?;
        }
    }

    // One eventfd after the other.
    let one = device.trigger(0)?;
    let two = device.trigger(0)?;
    device.irq_now(TRIGGER, 0)?;
    equal("signals", (count(&one), count(&two)), (0, 1))
}

fn closed(subject: &Subject) -> Outcome {
    let Some(device) = with_irq(subject)? else {
        return skip("no interrupt");
    };
    for _ in 0..10 {
        drop(device.trigger(0)?);
        device.irq_now(TRIGGER, 0)?;
    }
    if has_level_irq(&device)? {
        for action in [MASK, UNMASK] {
            let event = EventFd::new(EFD_NONBLOCK)?;
            device.irq_by_fd(action, 0, event.as_raw_fd())?;
        }
        device.irq_now(UNMASK, 0)?;
    }
    let event = device.trigger(0)?;
    device.irq_now(TRIGGER, 0)?;
    equal("signals", count(&event), 1)
}

fn bad_descriptor(subject: &Subject) -> Outcome {
    let Some(device) = with_irq(subject)? else {
        return skip("no interrupt");
    };
    let null = File::open("/dev/null")?;
    let event = device.trigger(0)?;

    fails(
        "a closed descriptor",
        device.irq_by_fd(TRIGGER, 0, 9999),
        EBADF,
    )?;
    fails(
        "no eventfd",
        device.irq_by_fd(TRIGGER, 0, null.as_raw_fd()),
        EINVAL,
    )?;
    fails(
        "a huge descriptor",
        device.irq_by_fd(TRIGGER, 0, i32::MAX),
        EBADF,
    )?;
    if has_level_irq(&device)? {
        for action in [MASK, UNMASK] {
            fails(
                "a closed descriptor",
                device.irq_by_fd(action, 0, 9999),
                EBADF,
            )?;
            fails(
                "no eventfd",
                device.irq_by_fd(action, 0, null.as_raw_fd()),
                EINVAL,
            )?;
        }
    }

    // The C driver has dropped the good eventfd before it looks at the bad one.
    device.irq_now(TRIGGER, 0)?;
    equal(
        "signals to the eventfd of before",
        count(&event),
        u64::from(subject.ours),
    )
}

fn bad_ranges(subject: &Subject) -> Outcome {
    let Some(device) = with_irq(subject)? else {
        return skip("no interrupt");
    };
    let irqs = device.info()?.irqs;

    for index in [irqs, irqs + 1, u32::MAX] {
        fails("an index", device.irq_now(TRIGGER, index), EINVAL)?;
    }
    for range in [
        (0, 2),
        (irqs, 0),
        (1, 1),
        (0, u32::MAX),
        (1, u32::MAX),
        (u32::MAX, 0),
        (u32::MAX, 1),
        (u32::MAX, u32::MAX),
        (1 << 31, 1 << 31),
    ] {
        for action in [MASK, UNMASK, TRIGGER] {
            let result = device.set_irqs(action | NONE, 0, range, &[]);
            fails(&format!("the range {range:?}"), result, EINVAL)?;
            let result = device.set_irqs(action | EVENTFD, 0, range, &[!0; 8]);
            fails(&format!("the range {range:?}"), result, EINVAL)?;
        }
    }
    for action in [MASK, UNMASK] {
        fails(
            "nothing",
            device.set_irqs(action | NONE, 0, (0, 0), &[]),
            EINVAL,
        )?;
    }
    fails(
        "no eventfds",
        device.set_irqs(TRIGGER | EVENTFD, 0, (0, 0), &[]),
        EINVAL,
    )?;
    fails(
        "no bytes",
        device.set_irqs(TRIGGER | BOOL, 0, (0, 0), &[]),
        EINVAL,
    )
}

fn bad_flags(subject: &Subject) -> Outcome {
    let Some(device) = with_irq(subject)? else {
        return skip("no interrupt");
    };
    let set = |flags| device.set_irqs(flags, 0, (0, 1), &[0; 4]);

    for data in [0, NONE | BOOL, BOOL | EVENTFD, NONE | BOOL | EVENTFD] {
        fails("kinds of data", set(TRIGGER | data), EINVAL)?;
    }
    for unknown in 6..32 {
        fails(
            "an unknown flag",
            set(TRIGGER | NONE | 1 << unknown),
            EINVAL,
        )?;
    }
    for action in [
        0,
        MASK | UNMASK,
        MASK | TRIGGER,
        UNMASK | TRIGGER,
        MASK | UNMASK | TRIGGER,
    ] {
        fails("actions", set(action | NONE), ENOTTY)?;
    }
    Ok(())
}

fn bad_data(subject: &Subject) -> Outcome {
    let Some(device) = with_irq(subject)? else {
        return skip("no interrupt");
    };
    for (size, data) in [
        (20, EVENTFD),
        (21, EVENTFD),
        (23, EVENTFD),
        (20, BOOL),
        (19, NONE),
    ] {
        let mut set = IrqSet {
            argsz: size,
            flags: TRIGGER | data,
            count: 1,
            data: [!0; 8],
            ..Default::default()
        };
        fails(
            "short data",
            ioctl_with(device.file(), DEVICE_SET_IRQS, &mut set),
            EINVAL,
        )?;
    }

    // The header ends with a page that nothing follows.
    let two = Mapping::locked(2 * PAGE)?;
    // SAFETY: Nobody uses the second page.
    unsafe { libc::munmap((two.address() + PAGE) as _, PAGE) };
    for (at, word) in [24, TRIGGER | EVENTFD, 0, 0, 1].into_iter().enumerate() {
        two.write_u32(PAGE - 20 + 4 * at, word);
    }
    // SAFETY: The kernel finds no data at the end of the structure.
    let result = unsafe {
        ioctl(
            device.file().as_raw_fd(),
            DEVICE_SET_IRQS,
            two.address() + PAGE - 20,
        )
    };
    fails("data that are not there", result, EFAULT)
}

/// Nothing of what one user sets is there for the next.
fn undone(subject: &Subject) -> Outcome {
    let Some(device) = with_irq(subject)? else {
        return skip("no interrupt");
    };
    let event = device.trigger(0)?;
    if has_level_irq(&device)? {
        device.irq_by_fd(UNMASK, 0, event.as_raw_fd())?;
        device.irq_by_fd(UNMASK, 0, -1)?;
        device.irq_now(MASK, 0)?;
    }
    drop(device);

    let device = subject.open()?;
    device.irq_now(TRIGGER, 0)?;
    equal("signals to the last user", count(&event), 0)?;
    if has_level_irq(&device)? {
        device.irq_now(UNMASK, 0)?;
    }
    let event = device.trigger(0)?;
    device.irq_now(TRIGGER, 0)?;
    equal("signals", count(&event), 1)
}

/// Offsets of registers of a PL031, the real-time clock.
mod clock {
    pub(super) const DATA: u64 = 0x00;
    pub(super) const MATCH: u64 = 0x04;
    pub(super) const MASK_SET: u64 = 0x10;
    pub(super) const RAW_STATUS: u64 = 0x14;
    pub(super) const CLEAR: u64 = 0x1c;
}

/// An interrupt that the device itself asserts, until it is cleared there.
fn alarm(subject: &Subject) -> Outcome {
    use clock::{CLEAR, DATA, MASK_SET, MATCH, RAW_STATUS};
    if !subject.name.ends_with(".pl031") {
        return skip("needs the real-time clock");
    }
    let device = subject.open()?;
    let region = device.region(0)?;
    let event = device.trigger(0)?;
    // The line itself must have come out of that enabled.
    mask_and_unmask(&device)?;
    count(&event);
    device.write_u32(&region, CLEAR, 1)?;
    device.write_u32(&region, MASK_SET, 1)?;

    for _ in 0..2 {
        let now = device.read_u32(&region, DATA)?;
        // The next second may begin before this is written.
        device.write_u32(&region, MATCH, now.wrapping_add(2))?;
        until_true(|| Ok(count(&event) == 1))?;
        let raised = device.read_u32(&region, RAW_STATUS)?;
        equal("the device asserts it", raised, 1)?;
        // Nobody has served the device: the line is masked, and unmasking it lets the same one through.
        equal("signals of a masked line", count(&event), 0)?;
        device.irq_now(UNMASK, 0)?;
        until_true(|| Ok(count(&event) == 1))?;

        device.write_u32(&region, CLEAR, 1)?;
        device.irq_now(UNMASK, 0)?;
        equal("signals of a device that was served", count(&event), 0)?;
    }
    device.write_u32(&region, MASK_SET, 0)?;
    Ok(())
}

/// The device asserts its interrupt all the time: it comes as soon as the line is unmasked, which another
/// thread does. Whether that is before, while or after the eventfd is taken back, the line is never left
/// masked with nobody told.
fn taken_back(subject: &Subject) -> Outcome {
    use clock::{CLEAR, DATA, MASK_SET, MATCH, RAW_STATUS};
    const ROUNDS: u32 = 3000;
    if !subject.name.ends_with(".pl031") {
        return skip("needs the real-time clock");
    }
    let device = subject.open()?;
    let region = device.region(0)?;
    device.write_u32(&region, MASK_SET, 1)?;
    let now = device.read_u32(&region, DATA)?;
    device.write_u32(&region, MATCH, now.wrapping_add(2))?;
    until_true(|| Ok(device.read_u32(&region, RAW_STATUS)? == 1))?;
    let unmask = EventFd::new(EFD_NONBLOCK)?;
    device.irq_by_fd(UNMASK, 0, unmask.as_raw_fd())?;

    let round = AtomicU32::new(0);
    let told = std::thread::scope(|scope| {
        scope.spawn(|| unmask_each_round(&unmask, &round));
        let told = take_back_each_round(&device, &round, ROUNDS);
        round.store(OVER, Ordering::Release);
        told
    })?;
    println!("# the first of two eventfds was told in {told} rounds of {ROUNDS}");
    device.irq_by_fd(UNMASK, 0, -1)?;
    device.write_u32(&region, MASK_SET, 0)?;
    Ok(device.write_u32(&region, CLEAR, 1)?)
}

/// No round, but the end.
const OVER: u32 = u32::MAX;

/// Unmasks the line once in each round.
fn unmask_each_round(unmask: &EventFd, round: &AtomicU32) {
    let mut last = 0;
    loop {
        match round.load(Ordering::Acquire) {
            OVER => return,
            now if now == last => std::hint::spin_loop(),
            now => {
                last = now;
                // Without it, the round ends with nobody told.
                let _ = unmask.write(1);
            }
        }
    }
}

/// Exchanges the eventfd of a masked line in each round; returns in how many the first was told.
fn take_back_each_round(device: &Device, round: &AtomicU32, rounds: u32) -> io::Result<u32> {
    let mut told = 0;
    for now in 1..=rounds {
        let first = device.trigger(0)?;
        device.irq_now(UNMASK, 0)?;
        until_true(|| Ok(count(&first) > 0))?;

        round.store(now, Ordering::Release);
        // A different moment each time.
        for _ in 0..now % 100 * 10 {
            std::hint::spin_loop();
        }
        device.irq_by_fd(TRIGGER, 0, -1)?;
        let second = device.trigger(0)?;
        until_true(|| Ok(first_or_second(&first, &second, &mut told))).map_err(|_| {
            io::Error::other(format!(
                "round {now}: the line is masked, and nobody was told"
            ))
        })?;
        device.irq_by_fd(TRIGGER, 0, -1)?;
    }
    Ok(told)
}

/// Returns whether one of two eventfds was signalled, and counts the first.
fn first_or_second(first: &EventFd, second: &EventFd, told: &mut u32) -> bool {
    let is_first = count(first) > 0;

    *told += u32::from(is_first);
    is_first || count(second) > 0
}
