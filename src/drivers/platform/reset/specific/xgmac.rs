// SPDX-License-Identifier: GPL-2.0

//! The network controller of Calxeda's ECX-1000 and ECX-2000.

use super::{
    Regions,
    Reset, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*,
};

/// Stops the controller: it asserts no interrupt, and neither reads nor writes memory any more. As in
/// C, its settings stay.
pub(super) struct Xgmac;

impl Xgmac {
    const CONTROL: u64 = 0x000;
    /// Bits of the register: receive, transmit.
    const ENABLE: u32 = 1 << 2 | 1 << 3;

    const DMA_CONTROL: u64 = 0xf18;
    /// Bits of the register: receive, transmit.
    const START: u32 = 1 << 1 | 1 << 13;

    const DMA_INTERRUPTS: u64 = 0xf1c;
}

impl Reset for Xgmac {
    fn name(&self) -> &'static str {
        "XGMAC control registers"
    }

    fn reset(&self, _dev: &Device<Bound>, regions: &Regions) -> Result {
        let registers = regions.get(0)?.range();

        registers.write(Self::DMA_INTERRUPTS, 0_u32)?;
        for (register, bits) in [
            (Self::DMA_CONTROL, Self::START),
            (Self::CONTROL, Self::ENABLE),
        ] {
            let value = registers.read::<u32>(register)?;

            registers.write(register, value & !bits)?;
        }

        Ok(())
    }
}
