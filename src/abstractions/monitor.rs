// SPDX-License-Identifier: GPL-2.0

//! A value under a mutex, and waiting for it to change.
//!
//! [`CondVar`](kernel::sync::CondVar) has no wait that only a fatal signal ends and that leaves the
//! task to the freezer.
//!
//! C header: [`include/linux/wait.h`](srctree/include/linux/wait.h)

use crate::bindings;
use kernel::{
    prelude::*,
    static_lock_class,
    str::CStrExt,
    sync::{
        LockClassKey,
        Mutex, //
    },
    types::Opaque, //
};

/// A value that can be waited for.
///
/// # Invariants
///
/// `event` is initialised, and signalled with `value` locked only.
#[pin_data]
pub(crate) struct Monitor<T: Unpin> {
    #[pin]
    value: Mutex<T>,
    #[pin]
    event: Opaque<bindings::overdrive_event>,
}

// SAFETY: Whoever has a `Monitor` has the value, which can be sent.
unsafe impl<T: Send + Unpin> Send for Monitor<T> {}

// SAFETY: The value is accessed under its lock; the C functions lock what they need.
unsafe impl<T: Send + Unpin> Sync for Monitor<T> {}

impl<T: Unpin> Monitor<T> {
    /// Makes one.
    ///
    /// Those that are locked one inside the other have different keys.
    pub(crate) fn new(
        value: T,
        name: &'static CStr,
        key: Pin<&'static LockClassKey>,
    ) -> impl PinInit<Self> {
        pin_init!(Self {
            value <- Mutex::new(value, name, key),
            // INVARIANT: This is the initialisation.
            // SAFETY: The slot is valid and pinned, and the name and the key are static.
            event <- Opaque::ffi_init(|slot| unsafe {
                bindings::overdrive_event_init(
                    slot,
                    c"overdrive_monitor".as_char_ptr(),
                    static_lock_class!().as_ptr(),
                )
            }),
        })
    }

    /// Calls `f` with the value, locked.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.value.lock())
    }

    /// Calls `f` with the value, locked, and wakes those who wait.
    pub(crate) fn update<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        let mut value = self.value.lock();
        let ret = f(&mut value);

        // SAFETY: By the type invariants; the value is locked.
        unsafe { bindings::overdrive_event_signal(self.event.get()) };
        ret
    }

    /// Calls `f` with the value, locked. If it returns nothing, returns a number for waiting.
    fn try_with<R>(&self, f: &mut impl FnMut(&mut T) -> Option<R>) -> Result<R, u32> {
        let mut value = self.value.lock();

        // SAFETY: By the type invariants.
        f(&mut value).ok_or_else(|| unsafe { bindings::overdrive_event_count(self.event.get()) })
    }

    /// Waits until `f`, which is called with the value locked, returns something.
    ///
    /// # Errors
    ///
    /// `EINTR` if a fatal signal arrives.
    pub(crate) fn wait<R>(&self, mut f: impl FnMut(&mut T) -> Option<R>) -> Result<R> {
        loop {
            match self.try_with(&mut f) {
                Ok(ret) => return Ok(ret),
                Err(seen) => {
                    // SAFETY: By the type invariants.
                    let ret = unsafe { bindings::overdrive_event_wait(self.event.get(), seen) };

                    if ret != 0 {
                        return Err(EINTR);
                    }
                }
            }
        }
    }

    /// Waits likewise, for `msecs` milliseconds at most, and whatever signals arrive.
    pub(crate) fn wait_timeout<R>(
        &self,
        msecs: u32,
        mut f: impl FnMut(&mut T) -> Option<R>,
    ) -> Option<R> {
        let mut left = msecs;

        loop {
            match self.try_with(&mut f) {
                Ok(ret) => return Some(ret),
                Err(_) if left == 0 => return None,
                Err(seen) => {
                    // SAFETY: By the type invariants.
                    left = unsafe {
                        bindings::overdrive_event_wait_timeout(self.event.get(), seen, left)
                    };
                }
            }
        }
    }
}

/// Sleeps for so many milliseconds.
///
/// # Errors
///
/// `EINTR` if a fatal signal arrives.
pub(crate) fn sleep_killable(msecs: u32) -> Result {
    // SAFETY: The function has no requirements but to be called where sleeping is allowed.
    if unsafe { bindings::overdrive_sleep_killable(msecs) } {
        return Err(EINTR);
    }
    Ok(())
}
