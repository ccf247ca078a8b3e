// SPDX-License-Identifier: GPL-2.0

//! Work that is done some time later, and can be called off.
//!
//! The `kernel` crate's work items own what they work on, and nobody can wait for their end; the code
//! of a module must not be left behind in one.
//!
//! C header: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h)

use crate::bindings;
use core::marker::PhantomPinned;
use kernel::{
    container_of,
    prelude::*,
    types::Opaque, //
};

/// Work that is to be done later.
pub(crate) trait Work: Send + Sync {
    /// Does it, in process context. Returns after how many milliseconds it is to be called again, if
    /// at all.
    fn run(&self) -> Option<u32>;
}

/// A [`Work`] that can be scheduled; dropping it waits until it is not running, nor going to.
///
/// # Invariants
///
/// `dwork` is initialised, and its function is [`Self::callback`].
#[pin_data(PinnedDrop)]
pub(crate) struct DelayedWork<T: Work> {
    #[pin]
    dwork: Opaque<bindings::delayed_work>,
    #[pin]
    work: T,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: A work item may be scheduled and called off by any thread.
unsafe impl<T: Work> Send for DelayedWork<T> {}

// SAFETY: The C functions lock what they need.
unsafe impl<T: Work> Sync for DelayedWork<T> {}

impl<T: Work> DelayedWork<T> {
    /// Makes one that is not scheduled.
    pub(crate) fn new(work: impl PinInit<T>) -> impl PinInit<Self> {
        pin_init!(Self {
            work <- work,
            // SAFETY: The slot is pinned, and what it becomes is called off before it goes away.
            // INVARIANT: This is the initialisation.
            dwork <- Opaque::ffi_init(|slot| unsafe {
                bindings::overdrive_init_delayed_work(slot, Some(Self::callback))
            }),
            _pin: PhantomPinned,
        })
    }

    /// The work.
    pub(crate) fn work(&self) -> &T {
        &self.work
    }

    /// Has it done in so many milliseconds, if it is not scheduled already.
    pub(crate) fn schedule(&self, msecs: u32) {
        // SAFETY: By the type invariants.
        unsafe { bindings::overdrive_schedule_delayed_work(self.dwork.get(), msecs) };
    }

    extern "C" fn callback(work: *mut bindings::work_struct) {
        // SAFETY: By the type invariants, `work` is part of a `delayed_work`, and that of a `Self`,
        // which does not go away while this is running.
        let this = unsafe {
            let dwork = container_of!(work, bindings::delayed_work, work);

            &*container_of!(Opaque::cast_from(dwork), Self, dwork)
        };

        if let Some(msecs) = this.work.run() {
            this.schedule(msecs);
        }
    }
}

#[pinned_drop]
impl<T: Work> PinnedDrop for DelayedWork<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariants. It also calls off what the function itself schedules.
        unsafe { bindings::cancel_delayed_work_sync(self.dwork.get()) };
    }
}
