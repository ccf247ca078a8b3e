// SPDX-License-Identifier: GPL-2.0

//! A PCI device, whose user is asked to give it up.

use std::{io, thread::sleep, time::Duration};

use libc::{EBUSY, MAP_SHARED};
use overdrive_guest::{
    ktap::{Outcome, equal, fails},
    mapping::{Mapping, PAGE},
    vfio::{Device, Region},
    wait::until_signalled,
};
use vfio_bindings::bindings::vfio::{
    VFIO_IRQ_SET_ACTION_TRIGGER as TRIGGER, VFIO_PCI_BAR0_REGION_INDEX,
    VFIO_PCI_CONFIG_REGION_INDEX, VFIO_PCI_INTX_IRQ_INDEX as INTX,
    VFIO_PCI_REQ_IRQ_INDEX as REQUEST,
};
use vmm_sys_util::eventfd::EventFd;

use crate::{Subject, Test};

pub(crate) const TESTS: &[Test] = &[
    (
        "unbinding asks the user of a VFIO device to go, and waits",
        asked,
    ),
    (
        "nobody else can open the device while its user is asked to go",
        opening,
    ),
];

/// An open device with everything that a user may have of it.
struct User {
    device: Device,
    config: Region,
    registers: Mapping,
    request: EventFd,
    interrupt: EventFd,
}

impl User {
    fn new(subject: &Subject) -> io::Result<Self> {
        let device = subject.open()?;
        let region = device.region(VFIO_PCI_BAR0_REGION_INDEX)?;
        let registers = device.map(region.offset, PAGE, MAP_SHARED)?;
        registers.read_u32(0);

        Ok(Self {
            config: device.region(VFIO_PCI_CONFIG_REGION_INDEX)?,
            request: device.trigger(REQUEST)?,
            interrupt: device.trigger(INTX)?,
            registers,
            device,
        })
    }
}

fn asked(subject: &Subject) -> Outcome {
    for _ in 0..3 {
        let user = User::new(subject)?;
        let unbinding = subject.begin_to_unbind();
        until_signalled(&user.request)?;

        // All of it is the user's still.
        sleep(Duration::from_millis(50));
        equal("unbound", unbinding.is_finished(), false)?;
        user.registers.read_u32(0);
        user.device.read_u32(&user.config, 0)?;
        user.device.irq_now(TRIGGER, INTX)?;
        equal("signals", user.interrupt.read()?, 1)?;

        drop(user);
        subject.finish(unbinding)?;
    }
    Ok(())
}

fn opening(subject: &Subject) -> Outcome {
    let user = User::new(subject)?;
    fails("another user", subject.open().map(drop), EBUSY)?;

    let unbinding = subject.begin_to_unbind();
    until_signalled(&user.request)?;
    fails("another user, later", subject.open().map(drop), EBUSY)?;
    drop(user);
    subject.finish(unbinding)
}
