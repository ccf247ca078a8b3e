// SPDX-License-Identifier: GPL-2.0

//! The rule that every probe of a meta driver begins with.

use crate::abstractions::driver_override;
use kernel::{
    device,
    prelude::*, //
};

/// Checks that `dev` comes to the driver that is probing it because its override names that driver.
///
/// # Errors
///
/// `ENODEV` if not: the driver core then goes on to the next driver, without a word in the log.
pub(super) fn require_override(dev: &device::Device<device::Core<'_>>) -> Result {
    if driver_override::names_current_driver(dev) {
        Ok(())
    } else {
        Err(ENODEV)
    }
}
