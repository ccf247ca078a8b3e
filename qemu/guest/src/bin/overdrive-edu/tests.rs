// SPDX-License-Identifier: GPL-2.0

//! Tests of all that the device can do.

use std::{
    thread::{self, sleep},
    time::Duration,
};

use anyhow::Context;
use overdrive_guest::{
    edu::{BUFFER, INTERRUPT_DMA, STATUS_INTERRUPT, dma, register},
    ktap::{Outcome, equal, fail, fails, skip},
    mapping::PAGE,
    vfio::info_of,
    wait::until_signalled,
};
use vfio_bindings::bindings::vfio::{
    VFIO_DEVICE_FLAGS_RESET, VFIO_PCI_BAR0_REGION_INDEX, VFIO_PCI_INTX_IRQ_INDEX,
    VFIO_PCI_MSI_IRQ_INDEX, VFIO_REGION_INFO_CAP_TYPE,
};

use crate::{
    device::{Edu, IOVA, Mode, event},
    region::{Region, file},
};

/// The length of a transfer: QEMU before 8.0 takes the buffer's last byte for one too many.
const LENGTH: usize = PAGE - 4;

/// The first region after the standard ones.
const BUFFER_REGION: u32 = 9;

/// The capability with the buffer's address, an addition of overdrive's edu variant.
const CAP_ADDRESS: u16 = 0x8001;

/// Longer than a transfer takes.
const TRANSFER: Duration = Duration::from_millis(300);

/// The device that is tested, and how.
pub struct Subject<'a> {
    pub address: &'a str,
    pub mode: Mode,
    /// The driver in the kernel is overdrive's edu variant.
    pub variant: bool,
}

impl Subject<'_> {
    fn open(&self) -> anyhow::Result<Edu> {
        Edu::open(self.address, self.mode)
    }
}

pub type Test = (&'static str, fn(&Subject<'_>) -> Outcome);

pub const ALL: &[Test] = &[
    (
        "edu's registers are the same, mapped and read through the file",
        registers,
    ),
    (
        "edu computes a factorial, and tells by a message",
        factorial,
    ),
    (
        "edu's line is masked by an interrupt until userspace unmasks it",
        intx,
    ),
    (
        "edu copies a buffer by DMA into itself and back",
        round_trip,
    ),
    ("edu's buffer is a region with an address", buffer_region),
    (
        "a reset in the middle of edu's transfer stops it",
        reset_stops_dma,
    ),
    (
        "a reset of edu clears its interrupt",
        reset_clears_interrupt,
    ),
    (
        "an interrupt that comes during a reset leaves the line masked",
        interrupt_during_reset,
    ),
    (
        "a line that is unmasked during a reset stays unmasked",
        unmasked_during_reset,
    ),
    (
        "closing edu in the middle of a transfer stops it",
        close_stops_dma,
    ),
];

fn registers(subject: &Subject<'_>) -> Outcome {
    let edu = subject.open()?;

    let identification = edu.read(register::IDENTIFICATION);
    equal("identification", identification & 0xffff, 0x00ed)?;
    edu.write(register::LIVENESS, 0x1234_5678);
    equal("inverted value", edu.read(register::LIVENESS), !0x1234_5678)?;

    let mut bytes = [0; 4];
    edu.device()
        .region_read(VFIO_PCI_BAR0_REGION_INDEX, &mut bytes, register::LIVENESS);
    equal("through the file", u32::from_le_bytes(bytes), !0x1234_5678)
}

fn factorial(subject: &Subject<'_>) -> Outcome {
    let edu = subject.open()?;
    let interrupt = event()?;
    edu.device()
        .enable_msi(vec![&interrupt])
        .context("no MSI")?;

    edu.write(register::STATUS, STATUS_INTERRUPT);
    edu.write(register::FACTORIAL, 10);
    equal("interrupts", until_signalled(&interrupt)?, 1)?;
    equal("interrupt status", edu.acknowledge(), 1)?;
    equal("10!", edu.read(register::FACTORIAL), 3_628_800)?;
    edu.device().disable_msi().context("cannot disable MSI")?;
    Ok(())
}

fn intx(subject: &Subject<'_>) -> Outcome {
    const WORD: u32 = 0x55;
    let edu = subject.open()?;
    let interrupt = event()?;
    edu.device()
        .enable_irq(VFIO_PCI_INTX_IRQ_INDEX, vec![&interrupt])
        .context("no INTx")?;

    edu.write(register::INTERRUPT_RAISE, WORD);
    equal("interrupts", until_signalled(&interrupt)?, 1)?;
    // Nobody has told the device to stop: only the mask keeps it quiet.
    sleep(TRANSFER);
    fails("another one, masked", interrupt.read(), libc::EAGAIN)?;

    edu.device()
        .unmask_irq(VFIO_PCI_INTX_IRQ_INDEX)
        .context("cannot unmask")?;
    equal("interrupts, let through", until_signalled(&interrupt)?, 1)?;

    equal("interrupt status", edu.acknowledge(), WORD)?;
    edu.device()
        .unmask_irq(VFIO_PCI_INTX_IRQ_INDEX)
        .context("cannot unmask")?;
    sleep(TRANSFER);
    fails("another one, acknowledged", interrupt.read(), libc::EAGAIN)?;
    edu.device()
        .disable_irq(VFIO_PCI_INTX_IRQ_INDEX)
        .context("cannot disable INTx")?;
    Ok(())
}

/// A different word for every place, never 0.
fn pattern(offset: usize) -> u32 {
    (offset as u32 + 1).wrapping_mul(0x9e37_79b9)
}

fn round_trip(subject: &Subject<'_>) -> Outcome {
    let edu = subject.open()?;
    let interrupt = event()?;
    edu.device()
        .enable_irq(VFIO_PCI_MSI_IRQ_INDEX, vec![&interrupt])
        .context("no MSI")?;

    let memory = edu.memory();
    for offset in (0..LENGTH).step_by(4) {
        memory.write_u32(offset, pattern(offset));
    }

    let back = IOVA + PAGE as u64;
    for (source, destination, direction) in [(IOVA, BUFFER, 0), (BUFFER, back, dma::FROM_DEVICE)] {
        edu.start_dma(source, destination, LENGTH, direction | dma::INTERRUPT);
        until_signalled(&interrupt)?;
        equal("interrupt status", edu.acknowledge(), INTERRUPT_DMA)?;
        edu.wait_for_dma()?;
    }

    for offset in (0..LENGTH).step_by(4) {
        equal("a word", memory.read_u32(PAGE + offset), pattern(offset))?;
    }
    Ok(())
}

fn buffer_region(subject: &Subject<'_>) -> Outcome {
    let edu = subject.open()?;
    let regions = info_of(&file(edu.device()))?.regions;
    if !subject.variant {
        return equal("regions", regions, BUFFER_REGION);
    }

    equal("regions", regions, BUFFER_REGION + 1)?;
    let region = Region::of(edu.device(), BUFFER_REGION)?;
    equal("size", region.size, PAGE as u64)?;
    equal("access", region.flags & 7, 0)?;
    let kind: Vec<u8> = [0x8000_1234_u32, 1]
        .iter()
        .flat_map(|word| word.to_ne_bytes())
        .collect();
    let type_cap = VFIO_REGION_INFO_CAP_TYPE as u16;
    equal("type", region.capability(type_cap), Some(kind.as_slice()))?;
    equal(
        "address",
        region.capability(CAP_ADDRESS),
        Some(BUFFER.to_ne_bytes().as_slice()),
    )?;
    fails(
        "reading",
        region.read(edu.device(), &mut [0; 4], 0),
        libc::EINVAL,
    )?;
    fails("mapping", region.map(edu.device()), libc::EINVAL)
}

/// Has the device begin to write to memory that holds a pattern.
fn begin_transfer(edu: &Edu) -> Outcome {
    for offset in (0..PAGE).step_by(4) {
        edu.memory().write_u32(offset, pattern(offset));
    }
    // Something that is not the pattern.
    edu.start_dma(IOVA + PAGE as u64, BUFFER, LENGTH, 0);
    edu.wait_for_dma()?;
    edu.start_dma(BUFFER, IOVA, LENGTH, dma::FROM_DEVICE | dma::INTERRUPT);
    if edu.dma_is_running() {
        Ok(())
    } else {
        fail("the transfer is over already")
    }
}

fn reset_stops_dma(subject: &Subject<'_>) -> Outcome {
    let edu = subject.open()?;
    let flags = info_of(&file(edu.device()))?.flags;
    equal(
        "can be reset",
        flags & VFIO_DEVICE_FLAGS_RESET != 0,
        subject.variant,
    )?;
    if !subject.variant {
        return fails("reset", edu.reset(), libc::EINVAL);
    }

    begin_transfer(&edu)?;
    edu.reset()?;
    equal("running", edu.dma_is_running(), false)?;
    equal("bus master", edu.is_bus_master(), true)?;
    equal("count", edu.read(register::DMA_COUNT), 0)?;
    sleep(TRANSFER);
    for offset in (0..PAGE).step_by(4) {
        equal("a word", edu.memory().read_u32(offset), pattern(offset))?;
    }
    equal("interrupt status", edu.read(register::INTERRUPT_STATUS), 0)?;
    Ok(())
}

fn reset_clears_interrupt(subject: &Subject<'_>) -> Outcome {
    if !subject.variant {
        return skip("only overdrive can reset the device");
    }
    let edu = subject.open()?;
    let interrupt = event()?;
    edu.device()
        .enable_msi(vec![&interrupt])
        .context("no MSI")?;

    edu.write(register::INTERRUPT_RAISE, 0x80);
    until_signalled(&interrupt)?;
    equal("before", edu.read(register::INTERRUPT_STATUS), 0x80)?;
    edu.reset()?;
    equal("after", edu.read(register::INTERRUPT_STATUS), 0)?;

    // Interrupts still arrive.
    edu.write(register::INTERRUPT_RAISE, 2);
    until_signalled(&interrupt)?;
    equal("later", edu.acknowledge(), 2)
}

/// The line may be shared: if the device asserts it and nobody is told, the kernel disables it for all.
fn interrupt_during_reset(subject: &Subject<'_>) -> Outcome {
    if !subject.variant {
        return skip("only overdrive can reset the device");
    }
    let edu = subject.open()?;
    let interrupt = event()?;
    edu.device()
        .enable_irq(VFIO_PCI_INTX_IRQ_INDEX, vec![&interrupt])
        .context("no INTx")?;

    equal("masked before", edu.is_masked()?, false)?;
    begin_transfer(&edu)?;
    edu.reset()?;
    equal(
        "interrupts during the reset",
        until_signalled(&interrupt)?,
        1,
    )?;
    equal("masked after", edu.is_masked()?, true)?;

    edu.write(register::INTERRUPT_RAISE, 8);
    sleep(TRANSFER);
    fails("another one, masked", interrupt.read(), libc::EAGAIN)?;
    edu.device()
        .unmask_irq(VFIO_PCI_INTX_IRQ_INDEX)
        .context("cannot unmask")?;
    equal("interrupts, let through", until_signalled(&interrupt)?, 1)?;
    equal("interrupt status", edu.acknowledge(), 8)
}

fn unmasked_during_reset(subject: &Subject<'_>) -> Outcome {
    if !subject.variant {
        return skip("only overdrive can reset the device");
    }
    let edu = subject.open()?;
    let (interrupt, unmask) = (event()?, event()?);
    edu.device()
        .enable_irq(VFIO_PCI_INTX_IRQ_INDEX, vec![&interrupt])
        .context("no INTx")?;
    edu.unmask_by(&unmask)?;

    edu.write(register::INTERRUPT_RAISE, 0x10);
    equal("interrupts", until_signalled(&interrupt)?, 1)?;
    edu.acknowledge();
    equal("masked before", edu.is_masked()?, true)?;
    // Without an interrupt: the reset waits for its end.
    edu.start_dma(BUFFER, IOVA, LENGTH, dma::FROM_DEVICE);
    thread::scope(|scope| {
        let reset = scope.spawn(|| edu.reset());
        sleep(TRANSFER / 10);
        let unmasked = unmask.write(1);
        reset
            .join()
            .map_err(|_| anyhow::anyhow!("the thread that resets has died"))??;
        Ok::<_, anyhow::Error>(unmasked?)
    })?;
    equal("masked after", edu.is_masked()?, false)?;

    edu.write(register::INTERRUPT_RAISE, 0x20);
    equal("later interrupts", until_signalled(&interrupt)?, 1)?;
    equal("interrupt status", edu.acknowledge(), 0x20)
}

fn close_stops_dma(subject: &Subject<'_>) -> Outcome {
    if !subject.variant {
        return skip("only overdrive can reset the device");
    }
    let edu = subject.open()?;
    begin_transfer(&edu)?;
    edu.write(register::INTERRUPT_RAISE, 4);
    drop(edu);

    let next = subject.open()?;
    equal("running", next.dma_is_running(), false)?;
    equal("interrupt status", next.read(register::INTERRUPT_STATUS), 0)
}
