// SPDX-License-Identifier: GPL-2.0

//! The eventfds for errors of the bus, and for the request to give the device up.

use libc::{EAGAIN, EBADF, EINVAL};
use overdrive_guest::{
    ktap::{Outcome, equal, fails, skip},
    vfio::Device,
};
use vfio_bindings::bindings::vfio::{
    VFIO_IRQ_INFO_EVENTFD, VFIO_IRQ_SET_ACTION_MASK as MASK,
    VFIO_IRQ_SET_ACTION_TRIGGER as TRIGGER, VFIO_IRQ_SET_DATA_NONE as NONE,
    VFIO_PCI_ERR_IRQ_INDEX as ERROR, VFIO_PCI_NUM_IRQS, VFIO_PCI_REQ_IRQ_INDEX as REQUEST,
};

use crate::Test;

pub(crate) const TESTS: &[Test] = &[
    ("the request to go has an eventfd", |address| {
        event(address, REQUEST)
    }),
    ("errors of the bus have an eventfd", |address| {
        event(address, ERROR)
    }),
    ("a PCI device has no other interrupt index", no_other_index),
];

fn event(address: &str, index: u32) -> Outcome {
    let device = Device::open_pci(address)?;
    let irq = match device.irq(index) {
        // Only PCI Express reports errors.
        Err(error) if index == ERROR && error.raw_os_error() == Some(EINVAL) => {
            fails("an eventfd", device.trigger(index).map(drop), EINVAL)?;
            return skip("not a PCI Express device");
        }
        info => info?,
    };
    equal(
        "flags",
        irq.flags & VFIO_IRQ_INFO_EVENTFD,
        VFIO_IRQ_INFO_EVENTFD,
    )?;
    equal("count", irq.count, 1)?;

    fails(
        "a signal without an eventfd",
        device.irq_now(TRIGGER, index),
        EINVAL,
    )?;
    let event = device.trigger(index)?;
    fails("signals at first", event.read(), EAGAIN)?;
    device.irq_now(TRIGGER, index)?;
    equal("signals", event.read()?, 1)?;

    // A bad one changes nothing.
    fails(
        "a bad descriptor",
        device.irq_by_fd(TRIGGER, index, 999),
        EBADF,
    )?;
    device.irq_now(TRIGGER, index)?;
    equal("signals to the old one", event.read()?, 1)?;

    device.set_irqs(TRIGGER | NONE, index, (0, 0), &[])?;
    fails(
        "a signal without an eventfd any more",
        device.irq_now(TRIGGER, index),
        EINVAL,
    )?;
    fails("signals in the end", event.read(), EAGAIN)
}

fn no_other_index(address: &str) -> Outcome {
    let device = Device::open_pci(address)?;

    fails("its description", device.irq(VFIO_PCI_NUM_IRQS), EINVAL)?;
    fails(
        "its trigger",
        device.irq_now(TRIGGER, VFIO_PCI_NUM_IRQS),
        EINVAL,
    )?;
    fails(
        "masking a request",
        device.irq_now(MASK, REQUEST),
        libc::ENOTTY,
    )
}
