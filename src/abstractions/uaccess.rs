// SPDX-License-Identifier: GPL-2.0

//! Single values in the memory of the calling process.
//!
//! [`kernel::uaccess::UserSlice`] copies blocks; for one register's value, the architecture's
//! `put_user()` and `get_user()` are much shorter.
//!
//! C header: [`include/linux/uaccess.h`](srctree/include/linux/uaccess.h)

use crate::bindings;
use core::mem::MaybeUninit;
use kernel::{
    prelude::*,
    uaccess::UserPtr, //
};

/// An integer that can be transferred in one access.
pub(crate) trait Value: Sized {
    /// Stores the value at `ptr`.
    ///
    /// # Errors
    ///
    /// `EFAULT` if the process can't write there.
    fn put(self, ptr: UserPtr) -> Result;

    /// Loads a value from `ptr`.
    ///
    /// # Errors
    ///
    /// `EFAULT` if the process can't read there.
    fn get(ptr: UserPtr) -> Result<Self>;
}

macro_rules! impl_value {
    ($($type:ty, $put:ident, $get:ident;)*) => {$(
        impl Value for $type {
            #[inline(always)]
            fn put(self, ptr: UserPtr) -> Result {
                // SAFETY: The function checks what userspace passes; it has no requirements.
                match unsafe { bindings::$put(self, ptr.as_mut_ptr().cast()) } {
                    0 => Ok(()),
                    _ => Err(EFAULT),
                }
            }

            #[inline(always)]
            fn get(ptr: UserPtr) -> Result<Self> {
                $get(ptr)
            }
        }
    )*};
}

macro_rules! narrow {
    ($($type:ty, $name:ident, $get:ident;)*) => {$(
        #[inline(always)]
        fn $name(ptr: UserPtr) -> Result<$type> {
            // SAFETY: The function checks what userspace passes; it has no requirements.
            let value = unsafe { bindings::$get(ptr.as_const_ptr().cast()) };

            if value < 0 {
                return Err(EFAULT);
            }
            // Nothing is lost: what is not negative is a value of this type.
            Ok(value as $type)
        }
    )*};
}

narrow! {
    u8, get_u8, overdrive_get_user_u8;
    u16, get_u16, overdrive_get_user_u16;
    u32, get_u32, overdrive_get_user_u32;
}

#[inline(always)]
fn get_u64(ptr: UserPtr) -> Result<u64> {
    let mut value = MaybeUninit::uninit();

    // SAFETY: `value` can be written; the function checks what userspace passes.
    match unsafe { bindings::overdrive_get_user_u64(value.as_mut_ptr(), ptr.as_const_ptr().cast()) }
    {
        // SAFETY: The function has stored it.
        0 => Ok(unsafe { value.assume_init() }),
        _ => Err(EFAULT),
    }
}

impl_value! {
    u8, overdrive_put_user_u8, get_u8;
    u16, overdrive_put_user_u16, get_u16;
    u32, overdrive_put_user_u32, get_u32;
    u64, overdrive_put_user_u64, get_u64;
}
