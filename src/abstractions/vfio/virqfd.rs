// SPDX-License-Identifier: GPL-2.0

//! Eventfds by which userspace calls the driver.
//!
//! C header: [`include/linux/vfio.h`](srctree/include/linux/vfio.h)

use crate::bindings;
use core::marker::PhantomPinned;
use kernel::{
    error::to_result,
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    types::Opaque, //
};

/// What is done when userspace signals.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Called in atomic context, with interrupts disabled.
    fn signalled(&self);
}

/// A place for one eventfd that calls a handler.
///
/// # Invariants
///
/// `place` is NULL or what `vfio_virqfd_enable` put there. If `used` is false, nothing was ever put
/// there.
#[pin_data(PinnedDrop)]
pub(crate) struct Virqfd<H: Handler> {
    place: Opaque<*mut bindings::virqfd>,
    used: Atomic<bool>,
    handler: H,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: The VFIO core accesses `place` under a lock of its own; the handler is `Send`.
unsafe impl<H: Handler> Send for Virqfd<H> {}

// SAFETY: As above; the handler is `Sync`.
unsafe impl<H: Handler> Sync for Virqfd<H> {}

impl<H: Handler> Virqfd<H> {
    /// Creates an empty place.
    pub(crate) fn new(handler: H) -> impl PinInit<Self> {
        pin_init!(Self {
            // INVARIANT: There is nothing yet.
            place: Opaque::new(core::ptr::null_mut()),
            used: Atomic::new(false),
            handler,
            _pin: PhantomPinned,
        })
    }

    /// Calls the handler whenever the eventfd that is open as `fd` is signalled, and at once if it
    /// is signalled already. When userspace closes the eventfd, the place becomes empty.
    ///
    /// # Errors
    ///
    /// `EBADF` if nothing is open as `fd`, `EINVAL` if it is no eventfd, `EBUSY` if the place is
    /// taken, `ENOMEM`.
    pub(crate) fn enable(self: Pin<&Self>, fd: i32) -> Result {
        self.used.store(true, Relaxed);

        // SAFETY: `self` is pinned, and its `drop` waits until the handler is not called any more.
        to_result(unsafe {
            bindings::vfio_virqfd_enable(
                core::ptr::from_ref(&self.handler).cast_mut().cast(),
                Some(Self::signalled_callback),
                None,
                core::ptr::null_mut(),
                self.place.get(),
                fd,
            )
        })
    }

    /// Empties the place; returns when the handler is not called any more.
    pub(crate) fn disable(&self) {
        if self.used.load(Relaxed) {
            // SAFETY: By the type invariants, `place` is what the function expects.
            unsafe { bindings::vfio_virqfd_disable(self.place.get()) };
        }
    }

    extern "C" fn signalled_callback(handler: *mut c_void, _data: *mut c_void) -> c_int {
        // SAFETY: This is the handler that `enable` passed. It lives until `disable` has returned.
        unsafe { &*handler.cast::<H>() }.signalled();

        // There is no thread to be woken.
        0
    }
}

#[pinned_drop]
impl<H: Handler> PinnedDrop for Virqfd<H> {
    fn drop(self: Pin<&mut Self>) {
        self.disable();
    }
}
