// SPDX-License-Identifier: GPL-2.0

//! Redirecting functions of the kernel.
//!
//! The mechanism is the one that livepatch uses: a callback of ftrace, called at the entry of a
//! function, that changes where the function goes on. A function can have one such callback.
//!
//! C headers: [`include/linux/ftrace.h`](srctree/include/linux/ftrace.h),
//! [`include/linux/rcupdate.h`](srctree/include/linux/rcupdate.h)

use crate::bindings;
use kernel::{
    error::to_result,
    prelude::*,
    types::Opaque, //
};

/// The callback changes where a function goes on, also while tracing is switched off for others.
// CAST: The type is at least as wide.
const FLAGS: c_ulong =
    (bindings::FTRACE_OPS_FL_IPMODIFY | bindings::FTRACE_OPS_FL_PERMANENT) as c_ulong;

/// A function of buses that answers whether a driver can have a device.
pub(super) type MatchFn =
    unsafe extern "C" fn(*mut bindings::device, *const bindings::device_driver) -> c_int;

/// Has calls of a match function go to another one; dropping it undoes that.
///
/// Calls from this module, and those for devices without an override, go to the function itself; so
/// do those for the driver that the override names, until [`Redirect::redirect_named`].
///
/// # Invariants
///
/// `redirect.ops` is registered.
#[pin_data(PinnedDrop)]
pub(super) struct Redirect {
    #[pin]
    redirect: Opaque<bindings::overdrive_redirect>,
}

// SAFETY: Through a shared reference, a flag can be set, which is accessed atomically.
unsafe impl Sync for Redirect {}

// SAFETY: It can be unregistered by any thread.
unsafe impl Send for Redirect {}

impl Redirect {
    /// Redirects `function` to `replacement`.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the function can't be traced, `EBUSY` if another user redirects it already, or
    /// tracing is switched off; `ENOMEM`.
    ///
    /// # Safety
    ///
    /// The code of both stays until the redirect is dropped, and that of `replacement` until nobody
    /// is in it anymore: see [`synchronize`].
    pub(super) unsafe fn new(function: MatchFn, replacement: MatchFn) -> impl PinInit<Self, Error> {
        // INVARIANT: Registered, unless it fails.
        try_pin_init!(Self {
            redirect <- Opaque::try_ffi_init(move |slot: *mut bindings::overdrive_redirect| {
                // SAFETY: `try_ffi_init` guarantees that `slot` is valid for writes. All fields are
                // numbers and pointers that can be zero.
                unsafe {
                    slot.write_bytes(0, 1);
                    (*slot).ops.func = Some(bindings::overdrive_redirect);
                    (*slot).ops.flags = FLAGS;
                    (*slot).to = (replacement as *const ()).addr();
                }
                let entry = (function as *const ()).addr();
                // SAFETY: As above.
                let ops = unsafe { &raw mut (*slot).ops };

                // SAFETY: `ops` is pinned. It is registered with a filter that has one entry, and
                // `PinnedDrop` unregisters it. The callback does no more than to compare the override
                // of the device that the function was called for with the driver's name, under
                // the spinlock that the core keeps for the override, which native buses take in
                // the same place, and to change where the function goes on, which has the same
                // signature.
                unsafe {
                    to_result(bindings::ftrace_set_filter_ip(ops, entry, 0, 0))?;
                    to_result(bindings::register_ftrace_function(ops))
                        .inspect_err(|_| bindings::ftrace_free_filter(ops))
                }
            }),
        })
    }

    /// Redirects calls for the driver that a device's override names as well.
    pub(super) fn redirect_named(&self) {
        // SAFETY: The structure is valid. The callback reads the flag as one byte, too.
        unsafe { (&raw mut (*self.redirect.get()).named).write_volatile(true) };
    }
}

#[pinned_drop]
impl PinnedDrop for Redirect {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariants. Unregistering waits until no CPU and no task is in the
        // callback or on its way there.
        unsafe {
            let ops = &raw mut (*self.redirect.get()).ops;

            bindings::unregister_ftrace_function(ops);
            bindings::ftrace_free_filter(ops);
        }
    }
}

/// Waits until each task that was in the middle of something has slept or been in userspace.
///
/// A task that was redirected has got to where it was sent to, or further; one that was about to
/// return has returned.
pub(super) fn synchronize() {
    // SAFETY: Callers can sleep: nothing of this module that could drop a redirect is atomic.
    unsafe { bindings::overdrive_synchronize_rcu_tasks() };
}
