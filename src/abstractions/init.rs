// SPDX-License-Identifier: GPL-2.0

//! Pinned initialisation in memory that C code has allocated.

use kernel::prelude::*;

/// Initialises the memory at `slot`.
///
/// # Safety
///
/// As for [`PinInit`]: `slot` is valid for writes, never moves once it is initialised, and is only
/// deallocated after an error.
#[inline(always)]
pub(super) unsafe fn pinned_init<T, E>(init: impl PinInit<T, E>, slot: *mut T) -> Result<(), E> {
    #[cfg(kernel_7_3)]
    // SAFETY: The caller's promise is the function's requirement.
    unsafe {
        init.__init(slot)
    }

    #[cfg(not(kernel_7_3))]
    // SAFETY: As above.
    unsafe {
        init.__pinned_init(slot)
    }
}
