// SPDX-License-Identifier: GPL-2.0

//! A sleeping lock for many readers or one writer.
//!
//! C header: [`include/linux/rwsem.h`](srctree/include/linux/rwsem.h)

use core::{
    cell::UnsafeCell,
    marker::PhantomPinned,
    ops::{
        Deref,
        DerefMut, //
    }, //
};
use kernel::{
    bindings,
    prelude::*,
    sync::LockClassKey,
    types::{
        NotThreadSafe,
        Opaque, //
    }, //
};

/// Data that many may read at a time, or one may change.
#[pin_data]
pub(crate) struct RwSemaphore<T> {
    #[pin]
    sem: Opaque<bindings::rw_semaphore>,
    #[pin]
    _pin: PhantomPinned,
    data: UnsafeCell<T>,
}

// SAFETY: It can be sent wherever the data can.
unsafe impl<T: Send> Send for RwSemaphore<T> {}

// SAFETY: Readers share `&T` between threads, a writer has `&mut T`.
unsafe impl<T: Send + Sync> Sync for RwSemaphore<T> {}

impl<T> RwSemaphore<T> {
    /// Creates an unlocked semaphore; `name` and `key` are lockdep's.
    pub(crate) fn new(
        data: T,
        name: &'static CStr,
        key: Pin<&'static LockClassKey>,
    ) -> impl PinInit<Self> {
        pin_init!(Self {
            // SAFETY: The slot is pinned, and `name` and `key` live forever.
            sem <- Opaque::ffi_init(|slot| unsafe {
                bindings::__init_rwsem(slot, kernel::str::CStrExt::as_char_ptr(name), key.as_ptr())
            }),
            _pin: PhantomPinned,
            data: UnsafeCell::new(data),
        })
    }

    /// Waits until there is no writer.
    pub(crate) fn read(&self) -> ReadGuard<'_, T> {
        // SAFETY: The semaphore was initialised when `self` was.
        unsafe { bindings::down_read(self.sem.get()) };

        ReadGuard(self, NotThreadSafe)
    }

    /// Waits until there is nobody else.
    pub(crate) fn write(&self) -> WriteGuard<'_, T> {
        // SAFETY: The semaphore was initialised when `self` was.
        unsafe { bindings::down_write(self.sem.get()) };

        WriteGuard(self, NotThreadSafe)
    }
}

/// The right to read, until it is dropped.
///
/// # Invariants
///
/// The semaphore is held for reading.
pub(crate) struct ReadGuard<'a, T>(&'a RwSemaphore<T>, NotThreadSafe);

impl<T> Deref for ReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: By the type invariants, nobody changes the data.
        unsafe { &*self.0.data.get() }
    }
}

impl<T> Drop for ReadGuard<'_, T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants, the semaphore is held for reading.
        unsafe { bindings::up_read(self.0.sem.get()) };
    }
}

/// The right to change, until it is dropped.
///
/// # Invariants
///
/// The semaphore is held for writing.
pub(crate) struct WriteGuard<'a, T>(&'a RwSemaphore<T>, NotThreadSafe);

impl<T> Deref for WriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: By the type invariants, nobody else has access.
        unsafe { &*self.0.data.get() }
    }
}

impl<T> DerefMut for WriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: By the type invariants, nobody else has access.
        unsafe { &mut *self.0.data.get() }
    }
}

impl<T> Drop for WriteGuard<'_, T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants, the semaphore is held for writing.
        unsafe { bindings::up_write(self.0.sem.get()) };
    }
}
