// SPDX-License-Identifier: GPL-2.0

//! The uevents by which a device tells userspace about itself.
//!
//! C header: [`include/linux/kobject.h`](srctree/include/linux/kobject.h)

use super::device::as_raw;
use crate::bindings;
use kernel::{
    device::Device,
    prelude::*,
    str::CStrExt, //
};

/// Sends a change uevent with variables, each a `KEY=VALUE`.
///
/// Whether anybody listens, and whether there is memory to tell them, is of no concern to the
/// caller.
pub(crate) fn change<const N: usize>(dev: &Device, variables: [&CStr; N]) {
    let mut env = [core::ptr::null_mut(); 8];

    // One stays NULL, which ends the array.
    for (slot, variable) in env.iter_mut().take(7).zip(variables) {
        *slot = variable.as_char_ptr().cast_mut();
    }
    // SAFETY: `dev` is valid, and so is its kobject. `env` ends with a NULL; its strings are only
    // read, and live on after the call.
    unsafe {
        bindings::kobject_uevent_env(
            &raw mut (*as_raw(dev)).kobj,
            bindings::kobject_action_KOBJ_CHANGE,
            env.as_mut_ptr(),
        )
    };
}

/// The module alias of the device, which its bus or its type adds to every uevent; empty if it has
/// none.
///
/// # Errors
///
/// `ENOMEM`, or what the bus or the type returns.
pub(crate) fn modalias(dev: &Device) -> Result<KVec<u8>> {
    const KEY: &[u8] = b"MODALIAS=";

    let mut found = KVec::new();
    let mut env: KBox<bindings::kobj_uevent_env> = KBox::init(pin_init::init_zeroed(), GFP_KERNEL)?;

    // SAFETY: `dev` is valid. A device that is registered is on a bus and of a type which, if any,
    // live at least until the device is gone.
    let [by_bus, by_type] = unsafe {
        let dev = as_raw(dev);

        [
            (*dev).bus.as_ref().and_then(|bus| bus.uevent),
            (*dev).type_.as_ref().and_then(|type_| type_.uevent),
        ]
    };
    for uevent in [by_bus, by_type].into_iter().flatten() {
        // SAFETY: Both are valid; the driver core calls bus and type the same way.
        kernel::error::to_result(unsafe { uevent(as_raw(dev), &mut *env) })?;
    }

    let used = usize::try_from(env.buflen)?;
    let variables = env.buf.get(..used).ok_or(EINVAL)?;
    for variable in variables.split(|&c| c == 0) {
        if let Some(alias) = variable.strip_prefix(KEY) {
            found.extend_from_slice(alias, GFP_KERNEL)?;
            break;
        }
    }
    Ok(found)
}
