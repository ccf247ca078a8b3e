// SPDX-License-Identifier: GPL-2.0

//! Facts that the firmware tells of a device: its identity, and ways to reset it.
//!
//! C headers: [`include/linux/acpi.h`](srctree/include/linux/acpi.h),
//! [`include/linux/property.h`](srctree/include/linux/property.h),
//! [`include/linux/reset.h`](srctree/include/linux/reset.h)

use crate::bindings;
use core::ptr::NonNull;
use kernel::{
    device,
    error::{
        from_err_ptr,
        to_result, //
    },
    prelude::*,
    str::CStrExt, //
};

fn as_raw<Ctx: device::DeviceContext>(dev: &device::Device<Ctx>) -> *mut bindings::device {
    // `device::Device` is a transparent wrapper of `struct device`.
    core::ptr::from_ref(dev).cast_mut().cast()
}

/// Returns whether the device's `compatible` property names `compatible`.
pub(crate) fn is_compatible(dev: &device::Device, compatible: &CStr) -> bool {
    // SAFETY: Both pointers are valid.
    unsafe { bindings::overdrive_device_is_compatible(as_raw(dev), compatible.as_char_ptr()) }
}

/// Returns the hardware ID of the device's ACPI companion, if it has one.
pub(crate) fn acpi_hid(dev: &device::Device) -> Option<&CStr> {
    // SAFETY: The pointer is valid.
    let hid = unsafe { bindings::overdrive_acpi_hid(as_raw(dev)) };
    if hid.is_null() {
        return None;
    }

    // SAFETY: It is a string that belongs to the companion, which `dev` keeps.
    Some(unsafe { CStr::from_char_ptr(hid) })
}

/// Returns whether the device's ACPI companion has a method `_RST`.
pub(crate) fn acpi_has_reset(dev: &device::Device) -> bool {
    // SAFETY: The pointers are valid; the string is not written.
    unsafe { bindings::overdrive_acpi_has_method(as_raw(dev), c"_RST".as_char_ptr().cast_mut()) }
}

/// Calls the method `_RST` of the device's ACPI companion.
///
/// # Errors
///
/// `EINVAL` if there is none, or if it fails.
pub(crate) fn acpi_reset(dev: &device::Device) -> Result {
    // SAFETY: The pointers are valid; the string is not written.
    to_result(unsafe {
        bindings::overdrive_acpi_call(as_raw(dev), c"_RST".as_char_ptr().cast_mut())
    })
}

/// The reset lines that the device tree gives a device.
///
/// # Invariants
///
/// The pointer is a control of which this object owns the only reference.
pub(crate) struct ResetControl(NonNull<bindings::reset_control>);

// SAFETY: A control can be used and released from any thread.
unsafe impl Send for ResetControl {}

// SAFETY: The reset framework serialises what it has to.
unsafe impl Sync for ResetControl {}

impl ResetControl {
    /// Takes all reset lines of `dev`; none if it has none, or if another device has one of them as
    /// well.
    ///
    /// # Errors
    ///
    /// `EPROBE_DEFER` if their controller is not there yet, `EBUSY` if somebody else has them.
    pub(crate) fn get(dev: &device::Device<device::Bound>) -> Result<Option<Self>> {
        // SAFETY: The pointer is valid.
        if unsafe { bindings::overdrive_reset_is_shared(as_raw(dev)) } {
            return Ok(None);
        }

        // SAFETY: The pointer is valid.
        let rstc = from_err_ptr(unsafe { bindings::overdrive_reset_control_get(as_raw(dev)) })?;

        // INVARIANT: The lines were taken for exclusive use.
        Ok(NonNull::new(rstc).map(Self))
    }

    /// Triggers a self-deasserting reset.
    ///
    /// # Errors
    ///
    /// `ENOTSUPP` if the controller can only assert and deassert.
    pub(crate) fn reset(&self) -> Result {
        // SAFETY: By the type invariants, the pointer is valid.
        to_result(unsafe { bindings::overdrive_reset_control_reset(self.0.as_ptr()) })
    }

    /// Puts the device into reset.
    pub(crate) fn assert(&self) -> Result {
        // SAFETY: By the type invariants, the pointer is valid.
        to_result(unsafe { bindings::overdrive_reset_control_assert(self.0.as_ptr()) })
    }

    /// Releases the device from reset.
    pub(crate) fn deassert(&self) -> Result {
        // SAFETY: By the type invariants, the pointer is valid.
        to_result(unsafe { bindings::overdrive_reset_control_deassert(self.0.as_ptr()) })
    }
}

impl Drop for ResetControl {
    fn drop(&mut self) {
        // SAFETY: By the type invariants, this object owns the reference.
        unsafe { bindings::overdrive_reset_control_put(self.0.as_ptr()) };
    }
}
