// SPDX-License-Identifier: GPL-2.0

//! The registers of a virtio-mmio device: virtio specification, section 4.2.2.

use std::io;

use anyhow::{Result, ensure};
use overdrive_guest::vfio::{Device, Region};

use crate::queue::Queue;

const MAGIC: u64 = 0x000;
const VERSION: u64 = 0x004;
const DEVICE_ID: u64 = 0x008;
const DEVICE_FEATURES: u64 = 0x010;
const DEVICE_FEATURES_SEL: u64 = 0x014;
const DRIVER_FEATURES: u64 = 0x020;
const DRIVER_FEATURES_SEL: u64 = 0x024;
const QUEUE_SEL: u64 = 0x030;
const QUEUE_NUM_MAX: u64 = 0x034;
const QUEUE_NUM: u64 = 0x038;
const QUEUE_READY: u64 = 0x044;
const QUEUE_NOTIFY: u64 = 0x050;
const INTERRUPT_STATUS: u64 = 0x060;
const INTERRUPT_ACK: u64 = 0x064;
const STATUS: u64 = 0x070;
const QUEUE_DESC: u64 = 0x080;
const QUEUE_DRIVER: u64 = 0x090;
const QUEUE_DEVICE: u64 = 0x0a0;

const ACKNOWLEDGE: u32 = 1;
const DRIVER: u32 = 2;
const DRIVER_OK: u32 = 4;
const FEATURES_OK: u32 = 8;

/// A device that generates random numbers.
const ENTROPY: u32 = 4;

/// Bit 0 of the second word of features: the device follows version 1 of the specification.
const VERSION_1: u32 = 1;

pub(crate) struct Registers<'a> {
    device: &'a Device,
    region: Region,
}

impl<'a> Registers<'a> {
    pub(crate) fn new(device: &'a Device) -> Result<Self> {
        let this = Self {
            device,
            region: device.region(0)?,
        };

        ensure!(
            this.read(MAGIC)? == u32::from_le_bytes(*b"virt"),
            "this is no virtio-mmio device"
        );
        ensure!(this.read(VERSION)? == 2, "the device is a legacy one");
        ensure!(
            this.read(DEVICE_ID)? == ENTROPY,
            "the device generates no random numbers"
        );
        Ok(this)
    }

    fn read(&self, register: u64) -> io::Result<u32> {
        self.device.read_u32(&self.region, register)
    }

    fn write(&self, register: u64, value: u32) -> io::Result<()> {
        self.device.write_u32(&self.region, register, value)
    }

    /// Writes an address to a pair of registers.
    fn write_address(&self, register: u64, address: u64) -> Result<()> {
        self.write(register, u32::try_from(address & 0xffff_ffff)?)?;
        self.write(register + 4, u32::try_from(address >> 32)?)?;
        Ok(())
    }

    /// The handshake, and the queue: virtio specification, sections 3.1.1 and 4.2.3.2.
    pub(crate) fn start(&self, queue: &Queue) -> Result<()> {
        self.stop()?;
        let mut status = ACKNOWLEDGE;
        self.write(STATUS, status)?;
        status |= DRIVER;
        self.write(STATUS, status)?;

        self.write(DEVICE_FEATURES_SEL, 1)?;
        ensure!(
            self.read(DEVICE_FEATURES)? & VERSION_1 != 0,
            "the device does not offer version 1"
        );
        for (word, features) in [(0, 0), (1, VERSION_1)] {
            self.write(DRIVER_FEATURES_SEL, word)?;
            self.write(DRIVER_FEATURES, features)?;
        }
        status |= FEATURES_OK;
        self.write(STATUS, status)?;
        ensure!(
            self.read(STATUS)? & FEATURES_OK != 0,
            "the device refuses the features"
        );

        self.write(QUEUE_SEL, 0)?;
        ensure!(self.read(QUEUE_READY)? == 0, "the queue is in use");
        let max = self.read(QUEUE_NUM_MAX)?;
        ensure!(max >= Queue::SIZE, "the queue has {max} entries only");
        self.write(QUEUE_NUM, Queue::SIZE)?;
        self.write_address(QUEUE_DESC, queue.descriptors()?)?;
        self.write_address(QUEUE_DRIVER, queue.available()?)?;
        self.write_address(QUEUE_DEVICE, queue.used()?)?;
        self.write(QUEUE_READY, 1)?;

        status |= DRIVER_OK;
        self.write(STATUS, status)?;
        Ok(())
    }

    /// Resets the device: it accesses no memory any more.
    pub(crate) fn stop(&self) -> Result<()> {
        self.write(STATUS, 0)?;
        ensure!(self.read(STATUS)? == 0, "the device does not reset");
        Ok(())
    }

    /// Tells the device that there are new buffers.
    pub(crate) fn notify(&self) -> io::Result<()> {
        self.write(QUEUE_NOTIFY, 0)
    }

    /// Takes the interrupt back.
    pub(crate) fn acknowledge(&self) -> io::Result<()> {
        let status = self.read(INTERRUPT_STATUS)?;
        self.write(INTERRUPT_ACK, status)
    }
}
