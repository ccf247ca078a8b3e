// SPDX-License-Identifier: GPL-2.0

//! Additions of device-specific drivers to `vfio-pci-core`.

use super::{
    Enabled,
    Opening, //
};
use kernel::{
    error::VTABLE_DEFAULT_ERROR,
    prelude::*, //
};

/// Support for one kind of device; implemented for the data that the driver keeps per device.
///
/// For what is not implemented, the callbacks are the C functions of `vfio-pci-core`.
#[vtable]
pub(crate) trait Variant: Sized + Send + Sync + 'static {
    /// A user opens the device: it is enabled, and the user does not have it yet. The place to add
    /// regions.
    fn opening(self: Pin<&Self>, _device: &Opening<'_, Self>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Stops whatever the user made the device do: afterwards, the device neither accesses memory
    /// nor interrupts.
    ///
    /// Called after the function's own reset, or in its place where there is none: when a user opens
    /// the device, before the user has it; by `VFIO_DEVICE_RESET`; and when the last user closes the
    /// device. The device is in D0, unless the user has changed its power state by the configuration
    /// space. A device with such a method reports `VFIO_DEVICE_FLAGS_RESET`.
    fn reset(self: Pin<&Self>, _device: &Enabled<'_, Self>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

/// Nothing beyond what `vfio-pci-core` does.
pub(crate) struct NoVariant;

#[vtable]
impl Variant for NoVariant {}
