// SPDX-License-Identifier: GPL-2.0

//! The ways to reset a platform device.
//!
//! The firmware's own is preferred: an ACPI `_RST` method, or reset lines in the device tree. Other
//! devices are looked up in a table of [`device-specific resets`](specific).

mod specific;

use super::regions::Regions;
use crate::abstractions::firmware::{
    self,
    ResetControl, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*,
    time::{
        delay::fsleep,
        Delta, //
    }, //
};

/// A way to reset a device.
pub(super) trait Reset: Send + Sync {
    /// Returns what the log calls it.
    fn name(&self) -> &'static str;

    /// Puts the device into the state that it has after power-on, as far as it can: above all, it
    /// does no DMA and asserts no interrupt any more. Nobody else accesses `regions` meanwhile.
    fn reset(&self, dev: &Device<Bound>, regions: &Regions) -> Result;
}

/// The method `_RST` of the device's ACPI companion.
struct Acpi;

impl Reset for Acpi {
    fn name(&self) -> &'static str {
        "ACPI _RST"
    }

    fn reset(&self, dev: &Device<Bound>, _regions: &Regions) -> Result {
        firmware::acpi_reset(dev)
    }
}

impl Reset for ResetControl {
    fn name(&self) -> &'static str {
        "reset controller"
    }

    fn reset(&self, _dev: &Device<Bound>, _regions: &Regions) -> Result {
        match ResetControl::reset(self) {
            // The controller has no pulse of its own.
            Err(ENOTSUPP) => {
                self.assert()?;
                fsleep(Delta::from_micros(10));
                self.deassert()
            }
            result => result,
        }
    }
}

/// A way that was chosen for a device.
pub(super) enum Method {
    Static(&'static dyn Reset),
    Lines(ResetControl),
}

impl Method {
    /// Chooses a way to reset `dev`, which has this name on its bus; there may be none.
    ///
    /// # Errors
    ///
    /// `EPROBE_DEFER` if the reset controller is not there yet, and other errors of its lines.
    pub(super) fn find(dev: &Device<Bound>, name: &CStr) -> Result<Option<Self>> {
        if firmware::acpi_has_reset(dev) {
            return Ok(Some(Self::Static(&Acpi)));
        }
        if let Some(lines) = ResetControl::get(dev)? {
            return Ok(Some(Self::Lines(lines)));
        }

        Ok(specific::find(dev, name).map(Self::Static))
    }
}

impl core::ops::Deref for Method {
    type Target = dyn Reset;

    fn deref(&self) -> &(dyn Reset + 'static) {
        match self {
            Self::Static(reset) => *reset,
            Self::Lines(lines) => lines,
        }
    }
}
