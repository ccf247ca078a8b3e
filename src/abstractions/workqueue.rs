// SPDX-License-Identifier: GPL-2.0

//! A workqueue of this module's own.
//!
//! The `kernel` crate has the system's queues only. On those, nobody can wait until the last
//! instructions of a work item are behind, which are this module's code.
//!
//! C header: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h)

use super::global::{
    Global,
    Published, //
};
use crate::bindings;
use core::ptr::NonNull;
use kernel::{
    prelude::*,
    str::CStrExt,
    time::msecs_to_jiffies,
    workqueue::{
        Queue,
        RawDelayedWorkItem, //
    }, //
};

/// The queue, for as long as it is there.
#[derive(Clone, Copy)]
struct Handle(NonNull<bindings::workqueue_struct>);

// SAFETY: A queue can be used by any thread.
unsafe impl Send for Handle {}

// SAFETY: As above, by several at once.
unsafe impl Sync for Handle {}

static QUEUE: Global<Handle> = Global::new();

/// The queue: unbound, and not ordered, so that items run side by side.
///
/// Dropping it waits until all items have run. The owner sees to it that none is queued anymore.
pub(crate) struct WorkQueue {
    handle: Handle,
    _published: Published<Handle>,
}

impl WorkQueue {
    /// Makes the queue, once for the module.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, `EBUSY` if there was one before.
    pub(crate) fn new(name: &'static CStr) -> Result<Self> {
        // SAFETY: The name is a string, and copied.
        let queue = unsafe { bindings::overdrive_alloc_workqueue(name.as_char_ptr()) };
        let handle = Handle(NonNull::new(queue).ok_or(ENOMEM)?);

        match QUEUE.publish(handle) {
            Ok(published) => Ok(Self {
                handle,
                _published: published,
            }),
            Err(err) => {
                // SAFETY: Nobody knows the queue.
                unsafe { bindings::destroy_workqueue(handle.0.as_ptr()) };
                Err(err)
            }
        }
    }
}

impl Drop for WorkQueue {
    fn drop(&mut self) {
        // SAFETY: It was made by `new`, and nobody queues anything anymore.
        unsafe { bindings::destroy_workqueue(self.handle.0.as_ptr()) };
    }
}

/// Has `item` run in so many milliseconds, or at once if that is 0.
///
/// Returns `false` if it is queued already, or if there is no queue.
pub(crate) fn queue<W, const ID: u64>(item: W, msecs: u32) -> bool
where
    W: RawDelayedWorkItem<ID, EnqueueOutput = Result<(), W>> + Send + 'static,
{
    let Some(handle) = QUEUE.get() else {
        return false;
    };
    // SAFETY: The queue is there: its owner sees to it that nobody queues while it goes away.
    let queue = unsafe { Queue::from_raw(handle.0.as_ptr()) };

    queue.enqueue_delayed(item, msecs_to_jiffies(msecs)).is_ok()
}
