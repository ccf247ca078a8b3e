// SPDX-License-Identifier: GPL-2.0

//! An early stage of what is built into the kernel.
//!
//! `module!` starts at the level of devices. What must be there before buses have devices starts earlier, by
//! an initcall in `bindings/helpers.c`, and hands over what it made. A module has no early stage: it starts
//! when it is loaded.
//!
//! C header: [`include/linux/init.h`](srctree/include/linux/init.h)

use core::cell::UnsafeCell;
use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Full, //
    }, //
};

/// The outcome of an early stage, until it is taken.
///
/// # Invariants
///
/// The value is accessed by [`Handover::run`], once, and then by who finds `full` set and clears it.
pub(crate) struct Handover<T> {
    started: Atomic<bool>,
    full: Atomic<bool>,
    value: UnsafeCell<Option<T>>,
}

// SAFETY: By the type invariants, one thread at a time accesses the value.
unsafe impl<T: Send> Sync for Handover<T> {}

impl<T> Handover<T> {
    /// Makes it empty.
    pub(crate) const fn new() -> Self {
        Self {
            started: Atomic::new(false),
            full: Atomic::new(false),
            value: UnsafeCell::new(None),
        }
    }

    /// Keeps what `start` makes, and returns 0, or the errno that it fails with.
    pub(crate) fn run(&self, start: fn(&'static ThisModule) -> Result<T>) -> c_int {
        if self.started.xchg(true, Full) {
            return EBUSY.to_errno();
        }

        match start(&BUILT_IN) {
            Ok(value) => {
                // SAFETY: This is the only call that gets here, and `full` is not set.
                unsafe { *self.value.get() = Some(value) };
                self.full.xchg(true, Full);
                0
            }
            Err(err) => err.to_errno(),
        }
    }

    /// Takes what was made.
    ///
    /// # Errors
    ///
    /// `ENODEV` if the early stage failed, or another took it.
    pub(crate) fn take(&self) -> Result<T> {
        if !self.full.xchg(false, Full) {
            return Err(ENODEV);
        }
        // SAFETY: `full` was set, so that `run` is done, and no other call has cleared it.
        unsafe { (*self.value.get()).take() }.ok_or(ENODEV)
    }
}

/// No module: a part of the kernel.
// SAFETY: NULL is what `THIS_MODULE` is there.
static BUILT_IN: ThisModule = unsafe { ThisModule::from_ptr(core::ptr::null_mut()) };

/// Has a function run early, and keeps what it makes in a static of that name.
macro_rules! early_stage {
    ($name:ident: $type:ty = $start:expr) => {
        static $name: $crate::abstractions::early_stage::Handover<$type> =
            $crate::abstractions::early_stage::Handover::new();

        /// Called once by the kernel's initcalls.
        #[no_mangle]
        extern "C" fn overdrive_early_stage() -> kernel::ffi::c_int {
            $name.run($start)
        }
    };
}

pub(crate) use early_stage;
