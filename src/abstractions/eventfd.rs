// SPDX-License-Identifier: GPL-2.0

//! Event counters that userspace waits on.
//!
//! C header: [`include/linux/eventfd.h`](srctree/include/linux/eventfd.h)

use crate::bindings;
use core::ptr::NonNull;
use kernel::{
    error::from_err_ptr,
    prelude::*, //
};

/// A reference to the counter behind an eventfd; the user may close the descriptor meanwhile.
///
/// # Invariants
///
/// The pointer is a `struct eventfd_ctx` of which this object owns a reference.
#[repr(transparent)]
pub(crate) struct EventFd(NonNull<bindings::eventfd_ctx>);

// SAFETY: A counter can be signalled and released from any thread.
unsafe impl Send for EventFd {}

// SAFETY: The only method takes the counter's own lock.
unsafe impl Sync for EventFd {}

impl EventFd {
    /// Takes a reference to the eventfd that is open as `fd` in the calling process.
    ///
    /// # Errors
    ///
    /// `EBADF` if nothing is open as `fd`, `EINVAL` if it is no eventfd.
    pub(crate) fn from_fd(fd: i32) -> Result<Self> {
        // SAFETY: The function has no requirements.
        let ctx = from_err_ptr(unsafe { bindings::eventfd_ctx_fdget(fd) })?;

        // INVARIANT: The reference that the function returned is owned by the new object.
        Ok(Self(NonNull::new(ctx).ok_or(EBADF)?))
    }

    /// Adds one to the counter and wakes whoever waits. Can be called in any context.
    #[inline(always)]
    pub(crate) fn signal(&self) {
        // SAFETY: By the type invariants, the pointer is valid.
        unsafe { bindings::eventfd_signal_mask(self.0.as_ptr(), 0) };
    }
}

impl Drop for EventFd {
    fn drop(&mut self) {
        // SAFETY: By the type invariants, this object owns a reference.
        unsafe { bindings::eventfd_ctx_put(self.0.as_ptr()) };
    }
}
