// SPDX-License-Identifier: GPL-2.0

//! Names and numbers that tell one device from all others.
//!
//! C headers: [`include/linux/pci.h`](srctree/include/linux/pci.h),
//! [`include/linux/usb.h`](srctree/include/linux/usb.h),
//! [`include/linux/property.h`](srctree/include/linux/property.h)

use super::device::{
    as_raw,
    text_or_empty, //
};
use crate::bindings;
use kernel::{
    device::Device,
    error::from_err_ptr,
    prelude::*, //
};

/// The address of a PCI device.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PciAddress {
    /// The domain.
    pub(crate) domain: u32,
    /// The number of the bus.
    pub(crate) bus: u8,
    /// The number of the device on the bus, 0 to 31.
    pub(crate) device: u8,
    /// The number of the function, 0 to 7.
    pub(crate) function: u8,
}

impl PciAddress {
    /// Returns the address of `dev`; [`None`] unless `dev` is a PCI device and no virtual function.
    pub(crate) fn of(dev: &Device) -> Option<Self> {
        let mut raw = bindings::overdrive_pci_address::default();

        // SAFETY: Both pointers are valid.
        let is_physical = unsafe { bindings::overdrive_pci_address(as_raw(dev), &mut raw) };

        is_physical.then_some(Self {
            // A domain is never negative.
            domain: raw.domain.unsigned_abs(),
            bus: raw.bus,
            device: raw.device,
            function: raw.function,
        })
    }
}

/// Returns the index of a virtual function of a PCI device, from 0.
pub(crate) fn vf_index(dev: &Device) -> Option<u16> {
    // SAFETY: `dev` is valid.
    let index = unsafe { bindings::overdrive_vf_index(as_raw(dev)) };

    u16::try_from(index).ok()
}

/// Returns the PCIe Device Serial Number, if there is one.
///
/// Returns [`None`] if it can't be known now: nothing is read from a device in D3cold, which would have
/// to be woken for it.
#[allow(
    clippy::option_option,
    reason = "one is not known, the other not there"
)]
pub(crate) fn pci_serial(dev: &Device) -> Option<Option<u64>> {
    let mut known = false;
    // SAFETY: Both are valid.
    let serial = unsafe { bindings::overdrive_pci_serial(as_raw(dev), &mut known) };

    // All ones are read from a device that is not there.
    known.then_some((serial != 0 && serial != u64::MAX).then_some(serial))
}

/// Calls `f` with the serial number of the USB device that `dev` is, or is an interface of.
pub(crate) fn with_usb_serial<R>(dev: &Device, f: impl FnOnce(&[u8]) -> R) -> R {
    // SAFETY: `dev` is valid; the string is set before the device is added, and freed with it.
    f(unsafe { text_or_empty(bindings::overdrive_usb_serial(as_raw(dev))) })
}

/// Returns `true` for PCI bridges, host bridges and USB hubs.
pub(crate) fn leads_to_devices(dev: &Device) -> bool {
    // SAFETY: `dev` is valid.
    unsafe { bindings::overdrive_leads_to_devices(as_raw(dev)) }
}

/// Calls `f` with the path of the firmware node, as `%pfwf` prints it; it is empty if `dev` has none.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn with_firmware_path<R>(dev: &Device, f: impl FnOnce(&[u8]) -> R) -> Result<R> {
    // SAFETY: `dev` is valid.
    let path = from_err_ptr(unsafe { bindings::overdrive_firmware_path(as_raw(dev)) })?;
    // SAFETY: It is NULL, or a string of this function's own.
    let ret = f(unsafe { text_or_empty(path) });

    // SAFETY: `kasprintf()` allocated it, and nobody else has it. It can be NULL.
    unsafe { bindings::kfree(path.cast()) };
    Ok(ret)
}
