// SPDX-License-Identifier: GPL-2.0

//! What stands for redirects of functions where the kernel has none.

use crate::bindings;
use kernel::prelude::*;

pub(super) type MatchFn =
    unsafe extern "C" fn(*mut bindings::device, *const bindings::device_driver) -> c_int;

/// A redirect, of which there is none.
pub(super) enum Redirect {}

impl Redirect {
    /// Says that there are no redirects.
    ///
    /// # Errors
    ///
    /// `EINVAL`: no function can be traced.
    ///
    /// # Safety
    ///
    /// None; it has the signature of its twin.
    pub(super) unsafe fn new(
        _function: MatchFn,
        _replacement: MatchFn,
    ) -> impl PinInit<Self, Error> {
        // SAFETY: Nothing is initialised, and it says so.
        unsafe { pin_init::pin_init_from_closure(|_| Err(EINVAL)) }
    }

    pub(super) fn redirect_named(&self) {
        match *self {}
    }
}

pub(super) fn synchronize() {}
