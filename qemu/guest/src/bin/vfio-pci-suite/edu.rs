// SPDX-License-Identifier: GPL-2.0

//! What needs a device that does as it is told: INTx with eventfds, and registers that are written
//! by an eventfd.

use std::{
    io,
    os::fd::AsRawFd,
    thread::sleep,
    time::{Duration, Instant},
};

use libc::{EAGAIN, EFD_NONBLOCK, EINVAL};
use overdrive_guest::{
    ktap::{Outcome, equal, fail, fails, skip},
    vfio::{DEVICE_IOEVENTFD, Device, Region, ioctl_words},
};
use vfio_bindings::bindings::vfio::{
    VFIO_DEVICE_IOEVENTFD_32, VFIO_IRQ_SET_ACTION_MASK as MASK,
    VFIO_IRQ_SET_ACTION_UNMASK as UNMASK, VFIO_PCI_BAR0_REGION_INDEX,
    VFIO_PCI_INTX_IRQ_INDEX as INTX,
};
use vmm_sys_util::eventfd::EventFd;

use crate::{Test, is_edu};

pub(crate) const TESTS: &[Test] = &[
    ("INTx: unmasked by eventfd", unmasked_by_eventfd),
    ("INTx: masked and unmasked by ioctl", masked),
    ("an eventfd writes a register", ioeventfd),
    ("eventfds for registers: bad input", bad_ioeventfd),
];

const INTERRUPT_STATUS: u64 = 0x24;
const INTERRUPT_RAISE: u64 = 0x60;
const INTERRUPT_ACKNOWLEDGE: u64 = 0x64;

/// Long enough for whatever is not to come.
const QUIET: Duration = Duration::from_millis(200);

fn open(address: &str) -> io::Result<Option<(Device, Region)>> {
    let device = Device::open_pci(address)?;
    if !is_edu(&device)? {
        return Ok(None);
    }
    let registers = device.region(VFIO_PCI_BAR0_REGION_INDEX)?;
    Ok(Some((device, registers)))
}

fn wait_for(event: &EventFd) -> Outcome {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(10) {
        if event.read().is_ok() {
            return Ok(());
        }
        sleep(Duration::from_millis(1));
    }
    fail("no interrupt came")
}

fn unmasked_by_eventfd(address: &str) -> Outcome {
    let Some((device, registers)) = open(address)? else {
        return skip("not an edu device");
    };
    let event = device.trigger(INTX)?;
    let unmask = EventFd::new(EFD_NONBLOCK)?;
    device.irq_by_fd(UNMASK, INTX, unmask.as_raw_fd())?;

    device.write_u32(&registers, INTERRUPT_RAISE, 1)?;
    wait_for(&event)?;
    sleep(QUIET);
    fails("another one, masked", event.read(), EAGAIN)?;

    // The line is asserted still.
    unmask.write(1)?;
    wait_for(&event)?;

    device.write_u32(&registers, INTERRUPT_ACKNOWLEDGE, 1)?;
    unmask.write(1)?;
    sleep(QUIET);
    fails("another one, acknowledged", event.read(), EAGAIN)
}

fn masked(address: &str) -> Outcome {
    let Some((device, registers)) = open(address)? else {
        return skip("not an edu device");
    };
    let event = device.trigger(INTX)?;

    device.irq_now(MASK, INTX)?;
    device.write_u32(&registers, INTERRUPT_RAISE, 2)?;
    sleep(QUIET);
    fails("one, masked", event.read(), EAGAIN)?;

    device.irq_now(UNMASK, INTX)?;
    wait_for(&event)?;
    device.write_u32(&registers, INTERRUPT_ACKNOWLEDGE, 2)?;
    Ok(device.irq_now(UNMASK, INTX)?)
}

/// Has a 4-byte register written whenever `fd` is signalled; -1 undoes that.
fn on_signal(device: &Device, position: u64, value: u32, size: u32, fd: i32) -> io::Result<()> {
    let [low, high] = [position as u32, (position >> 32) as u32];
    let fd = u32::from_ne_bytes(fd.to_ne_bytes());
    let mut words = [28, size, low, high, value, 0, fd];

    ioctl_words(device.file(), DEVICE_IOEVENTFD, &mut words).map(drop)
}

fn ioeventfd(address: &str) -> Outcome {
    let Some((device, registers)) = open(address)? else {
        return skip("not an edu device");
    };
    let status = || device.read_u32(&registers, INTERRUPT_STATUS);
    let kick = EventFd::new(EFD_NONBLOCK)?;
    let position = registers.offset + INTERRUPT_RAISE;
    let set = |fd| on_signal(&device, position, 0x40, VFIO_DEVICE_IOEVENTFD_32, fd);

    set(kick.as_raw_fd())?;
    equal("before", status()?, 0)?;
    kick.write(1)?;
    // The kernel may leave it to a thread.
    let start = Instant::now();
    while status()? == 0 && start.elapsed() < Duration::from_secs(5) {
        sleep(Duration::from_millis(1));
    }
    equal("written", status()?, 0x40)?;

    fails("a second one", set(kick.as_raw_fd()), libc::EEXIST)?;
    set(-1)?;
    device.write_u32(&registers, INTERRUPT_ACKNOWLEDGE, 0x40)?;
    kick.write(1)?;
    sleep(QUIET);
    equal("after it was undone", status()?, 0)
}

fn bad_ioeventfd(address: &str) -> Outcome {
    let Some((device, registers)) = open(address)? else {
        return skip("not an edu device");
    };
    let kick = EventFd::new(EFD_NONBLOCK)?;
    let fd = kick.as_raw_fd();
    let set =
        |offset, size, fd| on_signal(&device, registers.offset.wrapping_add(offset), 0, size, fd);
    let long = VFIO_DEVICE_IOEVENTFD_32;

    fails("none to undo", set(INTERRUPT_RAISE, long, -1), libc::ENODEV)?;
    fails("two sizes", set(INTERRUPT_RAISE, long | 1, fd), EINVAL)?;
    fails("no size", set(INTERRUPT_RAISE, 0, fd), EINVAL)?;
    fails(
        "a negative descriptor",
        set(INTERRUPT_RAISE, long, -2),
        EINVAL,
    )?;
    fails("behind the end", set(registers.size, long, fd), EINVAL)?;
    fails("across the end", set(registers.size - 2, long, fd), EINVAL)?;
    fails(
        "a bad descriptor",
        set(INTERRUPT_RAISE, long, 999),
        libc::EBADF,
    )
}
