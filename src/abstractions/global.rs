// SPDX-License-Identifier: GPL-2.0

//! A static that callbacks without any data of their own can reach.
//!
//! `kernel::sync::global_lock!` needs unsafe code where it is used; this is for values that are
//! set once when the module starts, and taken back when it stops.

use core::cell::UnsafeCell;
use kernel::{
    bindings,
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Full,
        Release, //
    },
    types::Opaque, //
};

/// A value that is there between [`Global::publish`] and the drop of what that returns.
///
/// # Invariants
///
/// `lock` is initialised if `ready` is true; `value` is only accessed while it is locked.
pub(crate) struct Global<T: 'static> {
    published: Atomic<bool>,
    ready: Atomic<bool>,
    lock: Opaque<bindings::spinlock_t>,
    value: UnsafeCell<Option<T>>,
}

// SAFETY: The value is accessed under the lock only, by whatever thread.
unsafe impl<T: Send> Sync for Global<T> {}

impl<T: Clone + Send> Global<T> {
    /// Makes it empty.
    pub(crate) const fn new() -> Self {
        Self {
            published: Atomic::new(false),
            ready: Atomic::new(false),
            lock: Opaque::uninit(),
            value: UnsafeCell::new(None),
        }
    }

    /// Puts `value` in until the guard is dropped.
    ///
    /// # Errors
    ///
    /// `EBUSY` if it was called before: a static lives no longer than its module.
    pub(crate) fn publish(&'static self, value: T) -> Result<Published<T>> {
        if self.published.xchg(true, Full) {
            return Err(EBUSY);
        }

        // SAFETY: The lock is in a static, so that it does not move; nobody else initialises it, as
        // this function got here once.
        unsafe {
            bindings::__spin_lock_init(
                self.lock.get(),
                kernel::str::CStrExt::as_char_ptr(c"overdrive_global"),
                kernel::static_lock_class!().as_ptr(),
            );
        }
        // SAFETY: `ready` is false: nobody else accesses the value.
        unsafe { *self.value.get() = Some(value) };
        // INVARIANT: Initialised above.
        self.ready.store(true, Release);
        Ok(Published(self))
    }

    /// A clone of the value, if there is one.
    pub(crate) fn get(&'static self) -> Option<T> {
        self.locked(|value| value.clone())
    }

    fn locked<R>(&'static self, f: impl FnOnce(&mut Option<T>) -> Option<R>) -> Option<R> {
        if !self.ready.load(Acquire) {
            return None;
        }

        // SAFETY: By the type invariants, the lock is initialised, and makes the access exclusive.
        unsafe {
            bindings::spin_lock(self.lock.get());
            let ret = f(&mut *self.value.get());
            bindings::spin_unlock(self.lock.get());
            ret
        }
    }
}

/// Keeps a value in a [`Global`].
pub(crate) struct Published<T: Clone + Send + 'static>(&'static Global<T>);

impl<T: Clone + Send> Drop for Published<T> {
    fn drop(&mut self) {
        // Dropped here rather than under the lock.
        drop(self.0.locked(Option::take));
    }
}
