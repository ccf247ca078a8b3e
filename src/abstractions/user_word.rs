// SPDX-License-Identifier: GPL-2.0

//! Single words in the memory of the calling process.
//!
//! [`kernel::uaccess::UserSlice`] copies blocks; the architecture's `put_user()` and `get_user()` are
//! much shorter for the value of one register.
//!
//! C header: [`include/linux/uaccess.h`](srctree/include/linux/uaccess.h)

use crate::bindings;
use kernel::{
    error::to_result,
    prelude::*,
    uaccess::UserPtr, //
};

/// Stores `value` at `ptr`.
///
/// # Errors
///
/// `EFAULT` if the process can't write there.
#[inline(always)]
pub(crate) fn put(value: u32, ptr: UserPtr) -> Result {
    // SAFETY: The function checks the address that userspace passes; it has no requirements.
    to_result(unsafe { bindings::overdrive_put_user_u32(value, ptr.as_mut_ptr().cast()) })
}

/// Loads a word from `ptr`.
///
/// # Errors
///
/// `EFAULT` if the process can't read there.
#[inline(always)]
pub(crate) fn get(ptr: UserPtr) -> Result<u32> {
    let mut value = 0;

    // SAFETY: `value` can be written; the function checks the address that userspace passes.
    to_result(unsafe {
        bindings::overdrive_get_user_u32(&raw mut value, ptr.as_const_ptr().cast())
    })?;
    Ok(value)
}
