// SPDX-License-Identifier: GPL-2.0

//! QEMU's educational PCI device: `docs/specs/edu.rst` in its source.

use std::io;

use vfio_bindings::bindings::vfio::VFIO_PCI_CONFIG_REGION_INDEX;

use crate::vfio::Device;

/// Offsets of registers.
pub mod register {
    pub const IDENTIFICATION: u64 = 0x00;
    pub const LIVENESS: u64 = 0x04;
    pub const FACTORIAL: u64 = 0x08;
    pub const STATUS: u64 = 0x20;
    pub const INTERRUPT_STATUS: u64 = 0x24;
    pub const INTERRUPT_RAISE: u64 = 0x60;
    pub const INTERRUPT_ACKNOWLEDGE: u64 = 0x64;
    pub const DMA_SOURCE: u64 = 0x80;
    pub const DMA_DESTINATION: u64 = 0x88;
    pub const DMA_COUNT: u64 = 0x90;
    pub const DMA_COMMAND: u64 = 0x98;
}

/// In the status register: interrupt when the factorial is computed.
pub const STATUS_INTERRUPT: u32 = 0x80;

/// Bits of the command register of the DMA engine.
pub mod dma {
    pub const RUN: u32 = 1;
    pub const FROM_DEVICE: u32 = 2;
    pub const INTERRUPT: u32 = 4;
}

/// In the interrupt status, after a transfer.
pub const INTERRUPT_DMA: u32 = 0x100;

/// The device's own memory, which its DMA engine knows under this address.
pub const BUFFER: u64 = 0x4_0000;

/// Device and vendor ID.
const ID: u32 = 0x11e8_1234;

/// Returns `true` if a PCI device is an edu.
pub fn is_edu(device: &Device) -> io::Result<bool> {
    let config = device.region(VFIO_PCI_CONFIG_REGION_INDEX)?;

    Ok(device.read_u32(&config, 0)? == ID)
}
