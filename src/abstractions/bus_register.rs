// SPDX-License-Identifier: GPL-2.0

//! Hearing of buses when they are registered.
//!
//! `bus_register()` tells nobody. A [`Hook`] has the call go through a function of this module, which
//! calls the original, then tells, then returns: no device can have been added to the bus.
//!
//! C header: [`include/linux/device/bus.h`](srctree/include/linux/device/bus.h)

#[cfg(CONFIG_DYNAMIC_FTRACE_WITH_ARGS)]
use super::ftrace;
#[cfg(not(CONFIG_DYNAMIC_FTRACE_WITH_ARGS))]
use super::ftrace_absent as ftrace;
use super::{
    device::text_or_empty,
    in_flight::InFlight, //
};
use crate::bindings;
use core::marker::PhantomData;
use ftrace::{
    Calls,
    Redirect, //
};
use kernel::{
    error::to_result,
    prelude::*, //
};

/// The signature of `bus_register()`.
type RegisterFn = unsafe extern "C" fn(*const bindings::bus_type) -> c_int;

/// The calls of `replacement`.
static IN_FLIGHT: InFlight = InFlight::new();

/// The listener of a [`Hook`].
pub(crate) trait RegisterHook: 'static {
    /// Called when a bus of that name was registered, and has no device yet. Can sleep.
    fn registered(name: &[u8]);
}

/// Has `R` told of each bus that is registered; dropping it waits until nobody is telling.
pub(crate) struct Hook<R: RegisterHook> {
    redirect: Option<Redirect>,
    _listener: PhantomData<fn() -> R>,
}

impl<R: RegisterHook> Hook<R> {
    /// Redirects `bus_register()`.
    ///
    /// # Errors
    ///
    /// `EINVAL` if it can't be traced, `EBUSY` if somebody else redirects it, `ENOMEM`.
    pub(crate) fn new() -> Result<Self> {
        let (original, replacement): (RegisterFn, RegisterFn) =
            (bindings::bus_register, replacement::<R>);
        // SAFETY: Both have the signature of `bus_register()`. Its code is the kernel's own, and stays.
        // Dropping waits until nobody is in `replacement`, whose module can't be unloaded before this
        // was dropped: whoever owns it is part of the module.
        let redirect = unsafe {
            Redirect::new(
                (original as *const ()).addr(),
                (replacement as *const ()).addr(),
                Calls::All,
            )
        }?;

        Ok(Self {
            redirect: Some(redirect),
            _listener: PhantomData,
        })
    }
}

impl<R: RegisterHook> Drop for Hook<R> {
    fn drop(&mut self) {
        drop(self.redirect.take());
        IN_FLIGHT.drain();
    }
}

/// The function that `bus_register()` is redirected to.
///
/// # Safety
///
/// As for `bus_register()`: `bus` is valid until it is unregistered.
unsafe extern "C" fn replacement<R: RegisterHook>(bus: *const bindings::bus_type) -> c_int {
    IN_FLIGHT.enter();

    // SAFETY: The caller's promise. The call comes from where it is not redirected.
    let ret = unsafe { bindings::overdrive_call_bus_register(bus) };
    if to_result(ret).is_ok() {
        // SAFETY: The bus is registered, and so its name is there. Whoever registers it is in this call.
        R::registered(unsafe { text_or_empty((*bus).name) });
    }

    IN_FLIGHT.leave();
    ret
}
