// SPDX-License-Identifier: GPL-2.0

//! Eventfds by which userspace calls the driver.
//!
//! C header: [`include/linux/vfio.h`](srctree/include/linux/vfio.h)

use crate::bindings;
use core::marker::{
    PhantomData,
    PhantomPinned, //
};
use kernel::{
    error::to_result,
    prelude::*,
    sync::Arc,
    types::Opaque, //
};

/// The effect of a signal.
pub(crate) trait Handler: 'static {
    /// The object that a signal has an effect on.
    type Target: Send + Sync;

    /// Called in atomic context, with interrupts disabled.
    fn signalled(target: &Self::Target);
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
    used: bool,
    target: Arc<H::Target>,
    #[pin]
    _pin: PhantomPinned,
    _handler: PhantomData<fn(H)>,
}

// SAFETY: The VFIO core accesses `place` under a lock of its own; the target can be used from any
// thread.
unsafe impl<H: Handler> Send for Virqfd<H> {}

impl<H: Handler> Virqfd<H> {
    /// Creates an empty place for signals to `target`.
    pub(crate) fn new(target: Arc<H::Target>) -> impl PinInit<Self> {
        pin_init!(Self {
            // INVARIANT: There is nothing yet.
            place: Opaque::new(core::ptr::null_mut()),
            used: false,
            target,
            _pin: PhantomPinned,
            _handler: PhantomData,
        })
    }

    /// Calls the handler whenever the eventfd that is open as `fd` is signalled, and at once if it
    /// is signalled already. When userspace closes the eventfd, the place becomes empty.
    ///
    /// # Errors
    ///
    /// `EBADF` if nothing is open as `fd`, `EINVAL` if it is no eventfd, `EBUSY` if the place is
    /// taken, `ENOMEM`.
    pub(crate) fn enable(self: Pin<&mut Self>, fd: i32) -> Result {
        // SAFETY: Nothing is moved.
        let this = unsafe { self.get_unchecked_mut() };

        this.used = true;
        // SAFETY: The place is pinned, and `drop` empties it. The target lives until then, and the
        // handler expects it.
        to_result(unsafe {
            bindings::vfio_virqfd_enable(
                Arc::as_ptr(&this.target).cast_mut().cast(),
                Some(Self::signalled_callback),
                None,
                core::ptr::null_mut(),
                this.place.get(),
                fd,
            )
        })
    }

    /// Empties the place; returns when the handler is not called any more.
    pub(crate) fn disable(self: Pin<&mut Self>) {
        if self.used {
            // SAFETY: By the type invariants, `place` is what the function expects.
            unsafe { bindings::vfio_virqfd_disable(self.place.get()) };
        }
    }

    extern "C" fn signalled_callback(target: *mut c_void, _data: *mut c_void) -> c_int {
        // SAFETY: This is the target that `enable` passed. It lives until `disable` has returned.
        H::signalled(unsafe { &*target.cast::<H::Target>() });

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
