// SPDX-License-Identifier: GPL-2.0

//! A driver of the edu device in userspace.
//!
//! Specification: `docs/specs/edu.rst` in QEMU's source.

use std::{
    io,
    os::fd::AsRawFd,
    path::PathBuf,
    sync::Arc,
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use iommufd_ioctls::IommuFd;
use overdrive_guest::mapping::{Mapping, PAGE};
use vfio_bindings::bindings::vfio::{
    VFIO_BASE, VFIO_PCI_BAR0_REGION_INDEX, VFIO_PCI_CONFIG_REGION_INDEX, VFIO_TYPE,
};
use vfio_ioctls::{VfioContainer, VfioDevice, VfioIommufd, VfioOps};
use vmm_sys_util::{errno, eventfd::EventFd, ioctl::ioctl, ioctl_io_nr};

use crate::region::Region;

ioctl_io_nr!(VFIO_DEVICE_RESET, VFIO_TYPE as u32, VFIO_BASE + 11);

/// Offsets of registers.
pub mod register {
    pub const IDENTIFICATION: usize = 0x00;
    pub const LIVENESS: usize = 0x04;
    pub const FACTORIAL: usize = 0x08;
    pub const STATUS: usize = 0x20;
    pub const INTERRUPT_STATUS: usize = 0x24;
    pub const INTERRUPT_RAISE: usize = 0x60;
    pub const INTERRUPT_ACKNOWLEDGE: usize = 0x64;
    pub const DMA_SOURCE: usize = 0x80;
    pub const DMA_DESTINATION: usize = 0x88;
    pub const DMA_COUNT: usize = 0x90;
    pub const DMA_COMMAND: usize = 0x98;
}

/// In the status register: interrupt when the factorial is computed.
pub const STATUS_INTERRUPT: u32 = 0x80;

/// In the command register of the DMA engine.
pub mod dma {
    pub const RUN: u32 = 1;
    pub const FROM_DEVICE: u32 = 2;
    pub const INTERRUPT: u32 = 4;
}

/// What the interrupt status tells after a transfer.
pub const INTERRUPT_DMA: u32 = 0x100;

/// The offset of the command register in the configuration space.
const COMMAND: u64 = 4;
const COMMAND_MASTER: u16 = 4;

/// Where the program's memory is for the device, which has 28 address lines.
pub const IOVA: u64 = 0x10_0000;

/// The length of the program's memory, and of the device's.
pub const MEMORY: usize = 2 * PAGE;

/// Longer than anything that the device does.
const PATIENCE: Duration = Duration::from_secs(10);

/// How the device is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A group in a container.
    Group,
    /// A character device of its own, bound to an iommufd.
    Cdev,
}

/// An open edu device, its registers, and memory that it can reach.
///
/// Fields are dropped in declaration order: the device is closed before its address space goes, and
/// with it what maps the memory for the device; then the memory.
pub struct Edu {
    registers: Mapping,
    device: VfioDevice,
    _iommu: Arc<dyn VfioOps>,
    memory: Mapping,
}

impl Edu {
    /// Opens the device with a PCI address, and lets it access memory.
    pub fn open(address: &str, mode: Mode) -> Result<Self> {
        let iommu: Arc<dyn VfioOps> = match mode {
            Mode::Group => Arc::new(VfioContainer::new(None).context("no container")?),
            Mode::Cdev => {
                let iommufd = Arc::new(IommuFd::new().context("no iommufd")?);
                Arc::new(VfioIommufd::new(iommufd, None, None).context("no address space")?)
            }
        };
        let path = PathBuf::from(format!("/sys/bus/pci/devices/{address}"));
        let device = VfioDevice::new(&path, Arc::clone(&iommu), true)
            .with_context(|| format!("cannot open {address}"))?;

        let registers = Region::of(&device, VFIO_PCI_BAR0_REGION_INDEX)?;
        let registers = registers.map(&device).context("cannot map the registers")?;
        let memory = Mapping::locked(MEMORY).context("no memory")?;
        // SAFETY: `Mapping` accesses its memory by volatile operations only. It is dropped after the
        // device and what maps it for the device.
        unsafe { iommu.vfio_dma_map(IOVA, MEMORY, memory.address() as *mut u8) }
            .context("cannot map memory")?;

        let edu = Self {
            registers,
            device,
            _iommu: iommu,
            memory,
        };
        edu.set_bus_master(true);
        Ok(edu)
    }

    pub fn device(&self) -> &VfioDevice {
        &self.device
    }

    pub fn memory(&self) -> &Mapping {
        &self.memory
    }

    pub fn read(&self, register: usize) -> u32 {
        self.registers.read_u32(register)
    }

    pub fn write(&self, register: usize, value: u32) {
        self.registers.write_u32(register, value);
    }

    /// Whether the device may access memory and send interrupts as messages.
    pub fn is_bus_master(&self) -> bool {
        self.command() & COMMAND_MASTER != 0
    }

    fn set_bus_master(&self, on: bool) {
        let others = self.command() & !COMMAND_MASTER;
        let value = if on { others | COMMAND_MASTER } else { others };
        self.device
            .region_write(VFIO_PCI_CONFIG_REGION_INDEX, &value.to_le_bytes(), COMMAND);
    }

    fn command(&self) -> u16 {
        let mut bytes = [0; 2];
        self.device
            .region_read(VFIO_PCI_CONFIG_REGION_INDEX, &mut bytes, COMMAND);
        u16::from_le_bytes(bytes)
    }

    /// Starts a transfer of `count` bytes; addresses are the device's.
    pub fn start_dma(&self, source: u64, destination: u64, count: usize, flags: u32) {
        for (register, value) in [
            (register::DMA_SOURCE, source),
            (register::DMA_DESTINATION, destination),
            (register::DMA_COUNT, count as u64),
        ] {
            // The addresses fit in 28 bits.
            self.write(register, value as u32);
            self.write(register + 4, 0);
        }
        self.write(register::DMA_COMMAND, dma::RUN | flags);
    }

    pub fn dma_is_running(&self) -> bool {
        self.read(register::DMA_COMMAND) & dma::RUN != 0
    }

    pub fn wait_for_dma(&self) -> Result<()> {
        let start = Instant::now();
        while self.dma_is_running() {
            ensure!(start.elapsed() < PATIENCE, "the DMA engine does not finish");
            sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Lets the device's interrupt do nothing further, and tells what it was.
    pub fn acknowledge(&self) -> u32 {
        let status = self.read(register::INTERRUPT_STATUS);
        self.write(register::INTERRUPT_ACKNOWLEDGE, status);
        status
    }

    /// `VFIO_DEVICE_RESET`; the crate's own method keeps the result for itself.
    pub fn reset(&self) -> io::Result<()> {
        // SAFETY: The ioctl has no argument.
        let result = unsafe { ioctl(&self.device.as_raw_fd(), VFIO_DEVICE_RESET()) };
        if result < 0 {
            return Err(io::Error::from_raw_os_error(errno::Error::last().errno()));
        }
        Ok(())
    }
}

/// An eventfd that does not block.
pub fn event() -> io::Result<EventFd> {
    EventFd::new(libc::EFD_NONBLOCK | libc::EFD_CLOEXEC)
}

/// Waits for an event, and returns how many there were.
pub fn wait_for(event: &EventFd) -> Result<u64> {
    let start = Instant::now();
    loop {
        match event.read() {
            Ok(count) => return Ok(count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                ensure!(start.elapsed() < PATIENCE, "no interrupt came");
                sleep(Duration::from_micros(200));
            }
            Err(error) => return Err(error.into()),
        }
    }
}
