// SPDX-License-Identifier: GPL-2.0

//! Differences between the kernel series that this is built for.
//!
//! `kernel_ge_7_3` is set from 7.3 on; see `Kbuild`.

use crate::bindings;
use kernel::prelude::*;

/// The module, which the macros of `configfs` before 7.3 expect where they are used.
#[cfg(not(kernel_ge_7_3))]
pub(crate) use crate::THIS_MODULE;

#[cfg(kernel_ge_7_3)]
#[allow(dead_code, reason = "the macros need it no more")]
pub(crate) const THIS_MODULE: () = ();

/// The device did not interrupt.
#[cfg(kernel_ge_7_3)]
pub(super) const IRQ_NONE: bindings::irqreturn_t = bindings::irqreturn::IRQ_NONE;
/// The device did not interrupt.
#[cfg(not(kernel_ge_7_3))]
pub(super) const IRQ_NONE: bindings::irqreturn_t = bindings::irqreturn_IRQ_NONE;

/// The device interrupted, and has been heard.
#[cfg(kernel_ge_7_3)]
pub(super) const IRQ_HANDLED: bindings::irqreturn_t = bindings::irqreturn::IRQ_HANDLED;
/// The device interrupted, and has been heard.
#[cfg(not(kernel_ge_7_3))]
pub(super) const IRQ_HANDLED: bindings::irqreturn_t = bindings::irqreturn_IRQ_HANDLED;

/// Initialises the memory at `slot`, which C code has allocated.
///
/// # Safety
///
/// As for [`PinInit`]: `slot` is valid for writes, never moves once it is initialised, and is only
/// deallocated after an error.
#[inline(always)]
pub(super) unsafe fn pinned_init<T, E>(init: impl PinInit<T, E>, slot: *mut T) -> Result<(), E> {
    #[cfg(kernel_ge_7_3)]
    // SAFETY: The caller's promise is the function's requirement.
    unsafe {
        init.__init(slot)
    }

    #[cfg(not(kernel_ge_7_3))]
    // SAFETY: As above.
    unsafe {
        init.__pinned_init(slot)
    }
}

/// Returns `true` if devices like this one are bound and unbound under their parent's lock.
///
/// # Safety
///
/// `dev` is valid.
pub(super) unsafe fn need_parent_lock(dev: *const bindings::device) -> bool {
    #[cfg(kernel_ge_7_3)]
    // SAFETY: `dev` is valid, and its type lives as long as it does.
    unsafe {
        !(*dev).type_.is_null() && (*(*dev).type_).need_parent_lock
    }

    #[cfg(not(kernel_ge_7_3))]
    // SAFETY: `dev` is valid, and its bus lives as long as it does.
    unsafe {
        !(*dev).bus.is_null() && (*(*dev).bus).need_parent_lock
    }
}
