// SPDX-License-Identifier: GPL-2.0

//! A driver for virtio random number generators in userspace, over VFIO.
//!
//! `virtio-rng-vfio DEVICE BYTES`: takes so many bytes from a virtio-mmio device that is bound to a
//! VFIO driver: handshake by its registers, a virtqueue in memory of its own, and an interrupt for
//! everything that the device delivers. There is no IOMMU: the device is given physical addresses.

mod queue;
mod registers;

use std::{
    io,
    os::fd::AsRawFd,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use libc::EFD_NONBLOCK;
use overdrive_guest::{
    vfio::Device,
    wait::{signals, until_within},
};
use vfio_bindings::bindings::vfio::{VFIO_IRQ_INFO_AUTOMASKED, VFIO_IRQ_SET_ACTION_UNMASK};
use vmm_sys_util::eventfd::EventFd;

use self::{queue::Queue, registers::Registers};

/// The time that the device may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The interrupt of the device, as eventfds.
struct Interrupt {
    trigger: EventFd,
    /// For a line that is masked until the device was served.
    unmask: Option<EventFd>,
}

impl Interrupt {
    fn new(device: &Device) -> io::Result<Self> {
        let trigger = device.trigger(0)?;
        let unmask = if device.irq(0)?.flags & VFIO_IRQ_INFO_AUTOMASKED != 0 {
            let unmask = EventFd::new(EFD_NONBLOCK)?;
            device.irq_by_fd(VFIO_IRQ_SET_ACTION_UNMASK, 0, unmask.as_raw_fd())?;
            Some(unmask)
        } else {
            None
        };
        Ok(Self { trigger, unmask })
    }

    /// Waits for the next interrupt.
    fn wait(&self) -> Result<()> {
        until_within(PATIENCE, || signals(&self.trigger)).context("no interrupt")?;
        Ok(())
    }

    /// Lets the next interrupt through.
    fn unmask(&self) -> io::Result<()> {
        match &self.unmask {
            Some(unmask) => unmask.write(1),
            None => Ok(()),
        }
    }
}

fn run(name: &str, wanted: u64) -> Result<()> {
    let device = Device::open(name).with_context(|| format!("cannot open {name}"))?;
    let registers = Registers::new(&device)?;
    let mut queue = Queue::new()?;
    let interrupt = Interrupt::new(&device).context("cannot set up the interrupt")?;
    registers.start(&queue)?;

    let start = Instant::now();
    let (mut interrupts, mut total, mut sample) = (0, 0, Vec::new());
    let mut ones = 0;
    queue.fill();
    registers.notify()?;
    while total < wanted {
        interrupt.wait()?;
        interrupts += 1;
        registers.acknowledge()?;
        while let Some(bytes) = queue.next() {
            ensure!(!bytes.is_empty(), "the device delivered an empty buffer");
            if sample.is_empty() {
                sample = bytes[..bytes.len().min(16)].to_vec();
            }
            total += bytes.len() as u64;
            ones += bytes
                .iter()
                .map(|byte| u64::from(byte.count_ones()))
                .sum::<u64>();
        }
        queue.fill();
        registers.notify()?;
        interrupt.unmask()?;
    }
    // Before the buffers go: the device must not write to memory that is somebody else's.
    registers.stop()?;

    println!(
        "# {} bytes in {interrupts} interrupts, {} ms; the first are {sample:02x?}",
        total,
        start.elapsed().as_millis()
    );
    // Not memory that the device has not written to.
    ensure!(ones > 2 * total, "{ones} bits of {total} bytes are ones");
    Ok(())
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let [_, device, bytes] = args.as_slice() else {
        eprintln!("usage: virtio-rng-vfio DEVICE BYTES");
        return ExitCode::from(2);
    };
    let Ok(bytes) = bytes.parse() else {
        eprintln!("not a number: {bytes}");
        return ExitCode::from(2);
    };

    match run(device, bytes) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("virtio-rng-vfio: {error:#}");
            ExitCode::FAILURE
        }
    }
}
