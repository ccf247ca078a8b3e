// SPDX-License-Identifier: GPL-2.0

//! The driver override that the driver core keeps for every device.
//!
//! `device_set_driver_override()` allocates, so that it can fail when something is to be put back as
//! it was, and it replaces whatever is there. Here the strings are made beforehand, and exchanged
//! under the lock that the field has for this.
//!
//! C header: [`include/linux/device.h`](srctree/include/linux/device.h)

use super::device::{
    as_raw,
    text_or_empty, //
};
use crate::bindings;
use core::ptr::NonNull;
use kernel::{
    device::{
        self,
        Device, //
    },
    prelude::*, //
};

/// An override that is set at no device.
///
/// # Invariants
///
/// Points to a NUL-terminated string that `kmalloc()` allocated, and that nobody else points to.
pub(crate) struct Override(NonNull<c_char>);

// SAFETY: It owns what it points to.
unsafe impl Send for Override {}

impl Override {
    /// Makes an override of `name`, which must have no NUL in it.
    pub(crate) fn new(name: &[u8]) -> Result<Self> {
        // SAFETY: As many bytes as the length says can be read.
        let text =
            unsafe { bindings::kstrndup(name.as_ptr().cast(), name.len(), bindings::GFP_KERNEL) };

        // INVARIANT: `kstrndup()` allocates this way, and terminates.
        NonNull::new(text).map(Self).ok_or(ENOMEM)
    }

    fn into_raw(this: Option<Self>) -> *mut c_char {
        this.map_or(core::ptr::null_mut(), |this| {
            core::mem::ManuallyDrop::new(this).0.as_ptr()
        })
    }
}

impl Drop for Override {
    fn drop(&mut self) {
        // SAFETY: By the type invariants.
        unsafe { bindings::kfree(self.0.as_ptr().cast()) };
    }
}

/// Calls `f` with the field while it is locked.
fn locked<R>(dev: &Device, f: impl FnOnce(&mut *const c_char) -> R) -> R {
    let dev = as_raw(dev);

    // SAFETY: `dev` is valid, and the lock was initialised with it. While it is held, nobody else
    // reads or writes the name.
    unsafe {
        bindings::spin_lock(&raw mut (*dev).driver_override.lock);
        let ret = f(&mut (*dev).driver_override.name);
        bindings::spin_unlock(&raw mut (*dev).driver_override.lock);
        ret
    }
}

/// The bytes of the field's value, for as long as it is locked.
fn value(name: &*const c_char) -> Option<&[u8]> {
    // SAFETY: The field is NULL or points to a string, which lives until the field is changed.
    (!name.is_null()).then(|| unsafe { text_or_empty(*name) })
}

/// Exchanges the field.
fn exchange(name: &mut *const c_char, new: Option<Override>) -> Option<Override> {
    let old = core::mem::replace(name, Override::into_raw(new));

    // INVARIANT: The field owned its string, which the driver core allocates with `kstrndup()`.
    NonNull::new(old.cast_mut()).map(Override)
}

/// Calls `f` with the device's override. `f` must not sleep.
pub(crate) fn with<R>(dev: &Device, f: impl FnOnce(Option<&[u8]>) -> R) -> R {
    locked(dev, |name| f(value(name)))
}

/// Sets the device's override, and returns the one it had.
pub(crate) fn replace(dev: &Device, new: Option<Override>) -> Option<Override> {
    locked(dev, |name| exchange(name, new))
}

/// Sets the device's override if it is as expected.
///
/// # Errors
///
/// Hands `new` back if it is not.
pub(crate) fn replace_if(
    dev: &Device,
    expected: Option<&[u8]>,
    new: Option<Override>,
) -> Result<Option<Override>, Option<Override>> {
    locked(dev, |name| {
        if value(name) == expected {
            Ok(exchange(name, new))
        } else {
            Err(new)
        }
    })
}

/// Returns whether the override of `dev` is set, and names the driver that `dev` is bound to or is
/// being probed by.
pub(crate) fn names_current_driver(dev: &Device<device::Core<'_>>) -> bool {
    let dev = core::ptr::from_ref(dev).cast_mut().cast();

    // SAFETY: `device::Device` is a transparent wrapper of `struct device`, so that `dev` is a valid
    // pointer to one. The `Core` context exists in callbacks of the driver core only, which holds
    // the device lock around them: `dev->driver` is set and stays so for the duration of this call.
    let ret: c_int = unsafe { bindings::overdrive_device_match_driver_override(dev) };

    ret > 0
}
