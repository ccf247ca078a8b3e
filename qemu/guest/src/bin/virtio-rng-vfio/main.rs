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
use overdrive_guest::vfio::Device;
use vfio_bindings::bindings::vfio::{VFIO_IRQ_INFO_AUTOMASKED, VFIO_IRQ_SET_ACTION_UNMASK};
use vmm_sys_util::eventfd::EventFd;

use self::{queue::Queue, registers::Registers};

/// How long the device may take.
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
        let unmask = if device.irq(0)?.0 & VFIO_IRQ_INFO_AUTOMASKED != 0 {
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
        let mut poll = libc::pollfd {
            fd: self.trigger.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        let timeout = i32::try_from(PATIENCE.as_millis())?;

        // SAFETY: There is one structure.
        let ready = unsafe { libc::poll(&raw mut poll, 1, timeout) };
        ensure!(ready >= 0, io::Error::last_os_error());
        ensure!(ready == 1, "no interrupt in {} s", PATIENCE.as_secs());
        self.trigger.read()?;
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

/// Whether bytes look like random ones.
#[derive(Default)]
struct Randomness {
    bytes: u64,
    ones: u64,
    counts: Box<[u64]>,
}

impl Randomness {
    fn new() -> Self {
        Self {
            counts: vec![0; 256].into(),
            ..Default::default()
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.bytes += 1;
            self.ones += u64::from(byte.count_ones());
            self.counts[usize::from(byte)] += 1;
        }
    }

    /// Half of the bits are ones, and every byte comes about equally often.
    fn check(&self) -> Result<()> {
        #[allow(clippy::cast_precision_loss)]
        let (bytes, ones) = (self.bytes as f64, self.ones as f64);
        let share = ones / (8.0 * bytes);
        ensure!(
            (share - 0.5).abs() < 0.01,
            "{share:.4} of the bits are ones"
        );

        // The chi-squared test with 255 degrees of freedom: mean 255, standard deviation 22.6.
        let expected = bytes / 256.0;
        #[allow(clippy::cast_precision_loss)]
        let deviations = self.counts.iter().map(|&n| (n as f64 - expected).powi(2));
        let chi_squared = deviations.sum::<f64>() / expected;
        ensure!(chi_squared < 400.0, "chi-squared is {chi_squared:.0}");

        println!("# {share:.4} of the bits are ones, chi-squared is {chi_squared:.0}");
        Ok(())
    }
}

fn run(name: &str, wanted: u64) -> Result<()> {
    let device = Device::open(name).with_context(|| format!("cannot open {name}"))?;
    let registers = Registers::new(&device)?;
    let mut queue = Queue::new()?;
    let interrupt = Interrupt::new(&device).context("cannot set up the interrupt")?;
    registers.start(&queue)?;

    let start = Instant::now();
    let mut random = Randomness::new();
    let (mut interrupts, mut sample) = (0, Vec::new());
    queue.fill();
    registers.notify()?;
    while random.bytes < wanted {
        interrupt.wait()?;
        interrupts += 1;
        registers.acknowledge()?;
        while let Some(bytes) = queue.next() {
            ensure!(!bytes.is_empty(), "the device delivered an empty buffer");
            if sample.is_empty() {
                sample = bytes[..bytes.len().min(16)].to_vec();
            }
            random.add(&bytes);
        }
        queue.fill();
        registers.notify()?;
        interrupt.unmask()?;
    }
    // Before the buffers go: the device must not write to memory that is somebody else's.
    registers.stop()?;

    println!(
        "# {} bytes in {interrupts} interrupts, {} ms; the first are {sample:02x?}",
        random.bytes,
        start.elapsed().as_millis()
    );
    random.check()
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
