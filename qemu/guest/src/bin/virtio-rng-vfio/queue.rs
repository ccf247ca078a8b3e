// SPDX-License-Identifier: GPL-2.0

//! A virtqueue whose buffers the device fills: virtio specification, section 2.7.

use std::{
    io,
    sync::atomic::{Ordering, fence},
};

use anyhow::{Result, ensure};
use overdrive_guest::mapping::{Mapping, PAGE};

/// The offsets of the parts of the queue, in a page of its own.
const DESCRIPTORS: usize = 0;
const AVAILABLE: usize = 0x400;
const USED: usize = 0x800;

/// The device writes to the buffer.
const WRITE: u16 = 2;

pub(crate) struct Queue {
    rings: Mapping,
    buffers: Vec<Mapping>,
    /// Buffers that the driver has.
    free: Vec<u16>,
    available: u16,
    used: u16,
}

impl Queue {
    /// Entries; each has a buffer of one page.
    pub(crate) const SIZE: u32 = 8;

    pub(crate) fn new() -> Result<Self> {
        let rings = Mapping::locked(PAGE)?;
        let mut buffers = Vec::new();
        let mut free = Vec::new();

        for index in 0..u16::try_from(Self::SIZE)? {
            let buffer = Mapping::locked(PAGE)?;
            let descriptor = DESCRIPTORS + 16 * usize::from(index);
            rings.write_u64(descriptor, buffer.physical(0)?);
            rings.write_u32(descriptor + 8, u32::try_from(PAGE)?);
            rings.write_u16(descriptor + 12, WRITE);
            buffers.push(buffer);
            free.push(index);
        }
        ensure!(
            rings.physical(0)? % PAGE as u64 == 0,
            "a page is not aligned"
        );
        Ok(Self {
            rings,
            buffers,
            free,
            available: 0,
            used: 0,
        })
    }

    /// The address of the descriptors, for the device.
    pub(crate) fn descriptors(&self) -> io::Result<u64> {
        self.rings.physical(DESCRIPTORS)
    }

    /// The address of the ring by which the driver gives buffers.
    pub(crate) fn available(&self) -> io::Result<u64> {
        self.rings.physical(AVAILABLE)
    }

    /// The address of the ring by which the device gives them back.
    pub(crate) fn used(&self) -> io::Result<u64> {
        self.rings.physical(USED)
    }

    fn slot(counter: u16) -> usize {
        usize::from(counter) % Self::SIZE as usize
    }

    /// Gives the device all buffers that it does not have.
    pub(crate) fn fill(&mut self) {
        for index in self.free.drain(..) {
            let entry = AVAILABLE + 4 + 2 * Self::slot(self.available);
            self.rings.write_u16(entry, index);
            self.available = self.available.wrapping_add(1);
        }
        // The entries are there before the device sees how many.
        fence(Ordering::SeqCst);
        self.rings.write_u16(AVAILABLE + 2, self.available);
        fence(Ordering::SeqCst);
    }

    /// Takes the next buffer that the device has filled, if there is one.
    pub(crate) fn next(&mut self) -> Option<Vec<u8>> {
        if self.rings.read_u16(USED + 2) == self.used {
            return None;
        }
        fence(Ordering::SeqCst);

        let entry = USED + 4 + 8 * Self::slot(self.used);
        let index = u16::try_from(self.rings.read_u32(entry)).ok()?;
        let len = usize::try_from(self.rings.read_u32(entry + 4)).ok()?;
        self.used = self.used.wrapping_add(1);
        self.free.push(index);

        let buffer = self.buffers.get(usize::from(index))?;
        Some((0..len.min(PAGE)).map(|at| buffer.read_u8(at)).collect())
    }
}
