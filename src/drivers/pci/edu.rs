// SPDX-License-Identifier: GPL-2.0

//! QEMU's educational device: a factorial in hardware, interrupts, and a DMA engine with a buffer.
//!
//! The bus has no way to reset it, so that `vfio-pci` can't either: what one user made the engine do
//! is still under way when the next one opens the device. This variant can.
//!
//! Specification: `docs/specs/edu.rst` in QEMU's source.

use crate::abstractions::vfio::{
    pci::{
        vendor_type,
        Bar,
        DeviceId,
        Enabled,
        Opening,
        Region,
        Variant, //
    },
    InfoCaps, //
};
use kernel::{
    io::poll::read_poll_timeout,
    prelude::*,
    time::Delta, //
};

const VENDOR: u16 = 0x1234;

/// The device.
pub(super) const ID: DeviceId = DeviceId::vfio(VENDOR, 0x11e8);

/// The BAR with all registers.
const REGISTERS: u8 = 0;

/// Offsets of registers.
mod register {
    pub(super) const STATUS: usize = 0x20;
    pub(super) const INTERRUPT_STATUS: usize = 0x24;
    pub(super) const INTERRUPT_ACKNOWLEDGE: usize = 0x64;
    /// Source, destination and count are 8 bytes each.
    pub(super) const DMA_PARAMETERS: core::ops::Range<usize> = 0x80..0x98;
    pub(super) const DMA_COMMAND: usize = 0x98;
}

/// In the status register: a factorial is being computed.
const COMPUTING: u32 = 1;

/// In the command register of the DMA engine: it is at work.
const RUNNING: u32 = 1;

/// The state that the variant keeps: none, it is all in the device.
pub(super) struct Edu;

impl Edu {
    pub(super) fn new() -> impl PinInit<Self, Error> {
        Ok(Self)
    }
}

#[vtable]
impl Variant for Edu {
    fn opening(self: Pin<&Self>, device: &Opening<'_, Self>) -> Result {
        device.add_region::<Buffer>()
    }

    fn reset(self: Pin<&Self>, device: &Enabled<'_, Self>) -> Result {
        // The engine can't be stopped, but what it transfers from now on goes nowhere.
        let quiesced = device.quiesce()?;
        let bar = quiesced.bar(REGISTERS)?;

        wait_until_clear(&bar, register::DMA_COMMAND, RUNNING)?;
        wait_until_clear(&bar, register::STATUS, COMPUTING)?;

        for offset in register::DMA_PARAMETERS.step_by(4) {
            bar.write32(0, offset)?;
        }
        // Not to be interrupted by the next factorial.
        bar.write32(0, register::STATUS)?;
        bar.write32(u32::MAX, register::INTERRUPT_ACKNOWLEDGE)?;

        match bar.read32(register::INTERRUPT_STATUS)? {
            0 => Ok(()),
            _ => Err(EIO),
        }
    }
}

/// Waits for the device to finish what it is doing, which takes it a tenth of a second.
///
/// # Errors
///
/// `EIO` if it does not, or has left the bus.
fn wait_until_clear(bar: &Bar<'_>, offset: usize, bit: u32) -> Result {
    const STEP: Delta = Delta::from_millis(2);
    const TIMEOUT: Delta = Delta::from_secs(2);

    read_poll_timeout(
        || bar.read32(offset),
        |value| value & bit == 0,
        STEP,
        TIMEOUT,
    )
    .map(|_| ())
    .map_err(|_| EIO)
}

/// The memory of the device that its DMA engine transfers from or to. There is no other access.
struct Buffer;

impl Buffer {
    /// Its address for the DMA engine.
    const ADDRESS: u64 = 0x40000;

    /// The capability that tells the user this address: 8 bytes in the machine's byte order.
    ///
    /// The kernel's own capabilities are numbered from 1.
    const CAP_ADDRESS: u16 = 0x8001;
}

impl Region for Buffer {
    const TYPE: u32 = vendor_type(VENDOR);
    const SUBTYPE: u32 = 1;
    const SIZE: usize = 4096;

    fn add_capabilities(caps: &mut InfoCaps) -> Result {
        caps.add(Self::CAP_ADDRESS, 1, &Self::ADDRESS.to_ne_bytes())
    }
}
