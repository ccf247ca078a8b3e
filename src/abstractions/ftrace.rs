// SPDX-License-Identifier: GPL-2.0

//! Redirecting functions of the kernel.
//!
//! The mechanism is the one that livepatch uses: a callback of ftrace, called at the entry of a
//! function, that changes where the function goes on. A function can have one such callback.
//!
//! After a fault of its own, ftrace is switched off until the next boot (`ftrace_kill()`), and nothing
//! can be taken back from it anymore. Then a redirect that is dropped stays, without effect, and so
//! does this module.
//!
//! C headers: [`include/linux/ftrace.h`](srctree/include/linux/ftrace.h),
//! [`include/linux/rcupdate.h`](srctree/include/linux/rcupdate.h)

use crate::bindings;
use core::mem::ManuallyDrop;
use kernel::{
    error::to_result,
    prelude::*,
    types::Opaque, //
};

/// The callback changes where a function goes on, also while tracing is switched off for others.
// CAST: The type is at least as wide.
const FLAGS: c_ulong =
    (bindings::FTRACE_OPS_FL_IPMODIFY | bindings::FTRACE_OPS_FL_PERMANENT) as c_ulong;

/// The calls that are redirected. Those from this module never are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Calls {
    /// All.
    All,
    /// Those whose first argument is a `struct device` that has an override.
    WithOverride,
}

/// The C struct of a redirect, at a fixed place.
#[pin_data]
struct Ops {
    #[pin]
    raw: Opaque<bindings::overdrive_redirect>,
}

/// Has calls of a function go to another one; dropping it undoes that.
///
/// # Invariants
///
/// `ops.raw.ops` is registered.
pub(super) struct Redirect {
    ops: ManuallyDrop<Pin<KBox<Ops>>>,
}

// SAFETY: Through a shared reference, nothing can be done.
unsafe impl Sync for Redirect {}

// SAFETY: It can be unregistered by any thread.
unsafe impl Send for Redirect {}

impl Redirect {
    /// Redirects the function at the address `function` to the one at `replacement`.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the function can't be traced, `EBUSY` if another user redirects it already, or
    /// tracing is switched off; `ENOMEM`.
    ///
    /// # Safety
    ///
    /// Both have the same signature, of which the first argument is as `calls` says. The code of both
    /// stays until the redirect is dropped, and that of `replacement` until nobody is in it anymore:
    /// see [`synchronize`].
    pub(super) unsafe fn new(function: usize, replacement: usize, calls: Calls) -> Result<Self> {
        // SAFETY: The function has no requirements.
        if !unsafe { bindings::overdrive_know_callers() } {
            return Err(EINVAL);
        }
        let ops = KBox::pin_init(
            try_pin_init!(Ops {
                raw <- Opaque::try_ffi_init(move |slot: *mut bindings::overdrive_redirect| {
                    // SAFETY: `try_ffi_init` guarantees that `slot` is valid for writes. All fields
                    // are numbers and pointers that can be zero.
                    unsafe {
                        slot.write_bytes(0, 1);
                        (*slot).ops.func = Some(bindings::overdrive_redirect);
                        (*slot).ops.flags = FLAGS;
                        (*slot).to = replacement;
                        (*slot).only_overridden = calls == Calls::WithOverride;
                    }
                    // SAFETY: As above.
                    let ops = unsafe { &raw mut (*slot).ops };

                    // SAFETY: `ops` is pinned. It is registered with a filter that has one entry, and
                    // dropping unregisters it. The callback reads whether the first argument has an
                    // override, if it is a device, and changes where the function goes on, which has
                    // the same signature: the caller's promise.
                    unsafe {
                        to_result(bindings::ftrace_set_filter_ip(ops, function, 0, 0))?;
                        to_result(bindings::register_ftrace_function(ops))
                            .inspect_err(|_| bindings::ftrace_free_filter(ops))
                    }
                }),
            }),
            GFP_KERNEL,
        )?;

        // INVARIANT: Registered just now.
        Ok(Self {
            ops: ManuallyDrop::new(ops),
        })
    }
}

impl Drop for Redirect {
    fn drop(&mut self) {
        let raw = self.ops.raw.get();
        // SAFETY: By the type invariants. Unregistering waits until no CPU and no task is in the
        // callback or on its way there.
        let ret = unsafe { bindings::unregister_ftrace_function(&raw mut (*raw).ops) };

        if let Err(err) = to_result(ret) {
            pr_err!(
                "a redirect can't be taken back (error {}): ftrace is broken until the next boot, and this module stays\n",
                err.to_errno()
            );
            // SAFETY: The struct stays: it is not freed below. The callback reads the field as one
            // word, and lets functions be from then on.
            unsafe {
                (&raw mut (*raw).to).write_volatile(0);
                bindings::overdrive_keep_this_module();
            }
            return;
        }
        // SAFETY: Nobody uses the struct anymore, and it is not accessed after this.
        unsafe {
            bindings::ftrace_free_filter(&raw mut (*raw).ops);
            ManuallyDrop::drop(&mut self.ops);
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
