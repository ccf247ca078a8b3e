// SPDX-License-Identifier: GPL-2.0

//! A driver of the edu device in userspace.
//!
//! Specification: `docs/specs/edu.rst` in QEMU's source.

use std::{fs, io, os::fd::AsRawFd, path::PathBuf, sync::Arc};

use anyhow::{Context, Result};
use iommufd_ioctls::IommuFd;
use overdrive_guest::{
    edu::{dma, register},
    mapping::{Mapping, PAGE},
    vfio::{DEVICE_RESET, DEVICE_SET_IRQS, IrqSet, argsz, ioctl, ioctl_with},
    wait,
};
use vfio_bindings::bindings::vfio::{
    VFIO_IRQ_SET_ACTION_UNMASK, VFIO_IRQ_SET_DATA_EVENTFD, VFIO_PCI_BAR0_REGION_INDEX,
    VFIO_PCI_CONFIG_REGION_INDEX, VFIO_PCI_INTX_IRQ_INDEX,
};
use vfio_ioctls::{VfioContainer, VfioDevice, VfioIommufd, VfioOps};
use vmm_sys_util::eventfd::EventFd;

use crate::region::{Region, file};

/// The offset of the command register in the configuration space.
const COMMAND: u64 = 4;
const COMMAND_MASTER: u16 = 4;

/// The address of the program's memory for the device, which has 28 address lines.
pub const IOVA: u64 = 0x10_0000;

/// The length of the program's memory, and of the device's.
pub const MEMORY: usize = 2 * PAGE;

/// In the command register: the device does not interrupt on its line.
const COMMAND_INTX_DISABLE: u16 = 0x400;

/// A way to open the device.
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
    address: String,
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
        let device = VfioDevice::new(&path, Arc::clone(&iommu))
            .with_context(|| format!("cannot open {address}"))?;

        let registers = Region::of(&device, VFIO_PCI_BAR0_REGION_INDEX)?;
        let registers = registers.map(&device).context("cannot map the registers")?;
        let memory = Mapping::locked(MEMORY).context("no memory")?;
        // SAFETY: `Mapping` accesses its memory by volatile operations only. It is dropped after the
        // device and what maps it for the device.
        unsafe { iommu.vfio_dma_map(IOVA, MEMORY, memory.address() as *mut u8) }
            .context("cannot map memory")?;

        let edu = Self {
            address: address.to_owned(),
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

    pub fn read(&self, register: u64) -> u32 {
        self.registers.read_u32(register as usize)
    }

    pub fn write(&self, register: u64, value: u32) {
        self.registers.write_u32(register as usize, value);
    }

    /// Returns `true` if the device may access memory and send interrupts as messages.
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
        wait::until_true(|| Ok(!self.dma_is_running())).context("the DMA engine does not finish")
    }

    /// Returns `true` if the device itself is kept from interrupting on its line. VFIO shows the user's
    /// idea of the command register.
    pub fn is_masked(&self) -> io::Result<bool> {
        let config = fs::read(format!("/sys/bus/pci/devices/{}/config", self.address))?;
        let command = u16::from_le_bytes([config[4], config[5]]);

        Ok(command & COMMAND_INTX_DISABLE != 0)
    }

    /// Has INTx unmasked whenever `event` is signalled.
    pub fn unmask_by(&self, event: &EventFd) -> io::Result<()> {
        let mut set = IrqSet {
            argsz: argsz::<IrqSet>(),
            flags: VFIO_IRQ_SET_ACTION_UNMASK | VFIO_IRQ_SET_DATA_EVENTFD,
            index: VFIO_PCI_INTX_IRQ_INDEX,
            start: 0,
            count: 1,
            ..Default::default()
        };
        set.data[0] = u32::from_ne_bytes(event.as_raw_fd().to_ne_bytes());
        ioctl_with(&file(&self.device), DEVICE_SET_IRQS, &mut set).map(drop)
    }

    /// Lets the device's interrupt do nothing further, and tells what it was.
    pub fn acknowledge(&self) -> u32 {
        let status = self.read(register::INTERRUPT_STATUS);
        self.write(register::INTERRUPT_ACKNOWLEDGE, status);
        status
    }

    /// Resets the device; the crate's own method keeps the result for itself.
    pub fn reset(&self) -> io::Result<()> {
        // SAFETY: The ioctl has no argument.
        unsafe { ioctl(self.device.as_raw_fd(), DEVICE_RESET, 0) }.map(drop)
    }
}

/// An eventfd that does not block.
pub fn event() -> io::Result<EventFd> {
    EventFd::new(libc::EFD_NONBLOCK | libc::EFD_CLOEXEC)
}
