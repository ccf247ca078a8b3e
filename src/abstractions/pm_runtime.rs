// SPDX-License-Identifier: GPL-2.0

//! Runtime power management.
//!
//! C header: [`include/linux/pm_runtime.h`](srctree/include/linux/pm_runtime.h)

use crate::bindings;
use kernel::{
    device,
    error::to_result,
    prelude::*, //
};

fn as_raw<Ctx: device::DeviceContext>(dev: &device::Device<Ctx>) -> *mut bindings::device {
    // `device::Device` is a transparent wrapper of `struct device`.
    core::ptr::from_ref(dev).cast_mut().cast()
}

/// Allows the device to be suspended while nobody uses it; to be undone by [`disable`].
pub(super) fn enable(dev: &device::Device<device::Core<'_>>) {
    // SAFETY: The pointer is valid.
    unsafe { bindings::overdrive_pm_runtime_enable(as_raw(dev)) };
}

/// Undoes [`enable`].
pub(super) fn disable(dev: &device::Device<device::Core<'_>>) {
    // SAFETY: The pointer is valid.
    unsafe { bindings::overdrive_pm_runtime_disable(as_raw(dev)) };
}

/// Resumes the device and keeps it so until [`put`] is called as often as this function succeeded.
///
/// # Errors
///
/// Those of the device's power management; the device need not be released then.
pub(crate) fn resume_and_get(dev: &device::Device<device::Bound>) -> Result {
    // SAFETY: The pointer is valid.
    to_result(unsafe { bindings::overdrive_pm_runtime_resume_and_get(as_raw(dev)) })
}

/// Lets the device be suspended again.
pub(crate) fn put(dev: &device::Device<device::Bound>) {
    // SAFETY: The pointer is valid.
    unsafe { bindings::overdrive_pm_runtime_put(as_raw(dev)) };
}
