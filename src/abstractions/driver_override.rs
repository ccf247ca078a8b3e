// SPDX-License-Identifier: GPL-2.0

//! The driver override that the driver core keeps for every device.
//!
//! C header: [`include/linux/device.h`](srctree/include/linux/device.h)

use crate::bindings;
use kernel::{
    device,
    prelude::*, //
};

/// Returns whether the override of `dev` is set, and names the driver that `dev` is bound to or is
/// being probed by.
pub(crate) fn names_current_driver(dev: &device::Device<device::Core<'_>>) -> bool {
    let dev = core::ptr::from_ref(dev).cast_mut().cast();

    // SAFETY: `device::Device` is a transparent wrapper of `struct device`, so that `dev` is a valid
    // pointer to one. The `Core` context exists in callbacks of the driver core only, which holds
    // the device lock around them: `dev->driver` is set and stays so for the duration of this call.
    let ret: c_int = unsafe { bindings::overdrive_device_match_driver_override(dev) };

    ret > 0
}
