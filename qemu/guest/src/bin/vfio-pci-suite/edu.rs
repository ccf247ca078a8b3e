// SPDX-License-Identifier: GPL-2.0

//! Tests that need a device which does as it is told: INTx with eventfds, and registers that are
//! written by an eventfd.

use std::{io, os::fd::AsRawFd, thread::sleep};

use libc::{EAGAIN, EFD_NONBLOCK, EINVAL};
use overdrive_guest::{
    edu::{is_edu, register::*},
    ktap::{Outcome, equal, fails, skip},
    vfio::{DEVICE_IOEVENTFD, Device, Region, argsz, ioctl_with},
    wait::{QUIET, until_signalled, until_true},
};
use vfio_bindings::bindings::vfio::{
    VFIO_DEVICE_IOEVENTFD_32, VFIO_IRQ_SET_ACTION_MASK as MASK,
    VFIO_IRQ_SET_ACTION_UNMASK as UNMASK, VFIO_PCI_BAR0_REGION_INDEX,
    VFIO_PCI_INTX_IRQ_INDEX as INTX, vfio_device_ioeventfd,
};
use vmm_sys_util::eventfd::EventFd;

use crate::Test;

pub(crate) const TESTS: &[Test] = &[
    ("INTx is unmasked by an eventfd", unmasked_by_eventfd),
    ("INTx is masked and unmasked by ioctl", masked),
    ("an eventfd writes a register", ioeventfd),
    ("bad eventfds for registers are refused", bad_ioeventfd),
];

fn open(address: &str) -> io::Result<Option<(Device, Region)>> {
    let device = Device::open_pci(address)?;
    if !is_edu(&device)? {
        return Ok(None);
    }
    let registers = device.region(VFIO_PCI_BAR0_REGION_INDEX)?;
    Ok(Some((device, registers)))
}

fn unmasked_by_eventfd(address: &str) -> Outcome {
    let Some((device, registers)) = open(address)? else {
        return skip("not an edu device");
    };
    let event = device.trigger(INTX)?;
    let unmask = EventFd::new(EFD_NONBLOCK)?;
    device.irq_by_fd(UNMASK, INTX, unmask.as_raw_fd())?;

    device.write_u32(&registers, INTERRUPT_RAISE, 1)?;
    until_signalled(&event)?;
    sleep(QUIET);
    fails("another one, masked", event.read(), EAGAIN)?;

    // The line is asserted still.
    unmask.write(1)?;
    until_signalled(&event)?;

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
    until_signalled(&event)?;
    device.write_u32(&registers, INTERRUPT_ACKNOWLEDGE, 2)?;
    Ok(device.irq_now(UNMASK, INTX)?)
}

/// Has a 4-byte register written whenever `fd` is signalled; -1 undoes that.
fn on_signal(device: &Device, position: u64, value: u32, size: u32, fd: i32) -> io::Result<()> {
    let mut argument = vfio_device_ioeventfd {
        argsz: argsz::<vfio_device_ioeventfd>(),
        flags: size,
        offset: position,
        data: value.into(),
        fd,
        reserved: 0,
    };

    ioctl_with(device.file(), DEVICE_IOEVENTFD, &mut argument).map(drop)
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
    until_true(|| Ok(status()? != 0))?;
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
