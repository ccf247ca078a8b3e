// SPDX-License-Identifier: GPL-2.0

//! Answering in place of a bus's match function.
//!
//! A bus says by its match function whether a driver can have a device. A [`Hook`] has the question
//! asked elsewhere, if the device has an override: without one there is nothing to decide.
//!
//! # Recursion
//!
//! A redirect recognises the calls that this module makes itself by the address that they return to,
//! and lets them pass. So [`Driver::matches`] calls the function itself in C, where it is certain that
//! the call is not in tail position.

#[cfg(CONFIG_DYNAMIC_FTRACE_WITH_ARGS)]
use super::ftrace;
#[cfg(not(CONFIG_DYNAMIC_FTRACE_WITH_ARGS))]
use super::ftrace_absent as ftrace;
use super::{
    bus::Bus,
    device::Driver,
    in_flight::InFlight,
    module, //
};
use crate::bindings;
use core::marker::PhantomData;
use ftrace::{
    Calls,
    Redirect, //
};
use kernel::{
    device::Device,
    prelude::*, //
};

/// The hook that answers.
pub(crate) trait MatchHook: 'static {
    /// Tells whether `drv` can have `dev`.
    ///
    /// `dev` had an override a moment ago. It needs not be of a bus that a hook was made for: there
    /// are buses that share their match function.
    ///
    /// # Errors
    ///
    /// What the match function can return, above all `EPROBE_DEFER`.
    fn matches(dev: &Device, drv: &Driver) -> Result<bool>;
}

/// The calls of `replacement`.
static IN_FLIGHT: InFlight = InFlight::new();

/// A function of buses that answers whether a driver can have a device.
type MatchFn = unsafe extern "C" fn(*mut bindings::device, *const bindings::device_driver) -> c_int;

/// The match function of a bus.
#[derive(Clone, Copy)]
pub(crate) struct Function(MatchFn);

impl Function {
    /// The one that `bus` has, if it has one.
    pub(crate) fn of(bus: &Bus) -> Option<Self> {
        bus.match_fn().map(Self)
    }

    fn address(self) -> usize {
        (self.0 as *const ()).addr()
    }
}

/// Keeps the module that has a bus from being unloaded, if it is not part of the kernel.
///
/// Else the bus could go away while something refers to it by name.
pub(crate) struct BusOwner(#[expect(dead_code, reason = "it is held")] Option<module::Reference>);

impl BusOwner {
    /// The owner of `bus`.
    ///
    /// # Errors
    ///
    /// `ENODEV` if it is being unloaded.
    pub(crate) fn of(this: &'static ThisModule, bus: &Bus) -> Result<Self> {
        module::Reference::of(this, bus.id().address()).map(Self)
    }
}

/// Has `M` answer for all buses that have the same match function; dropping it waits until nobody
/// is asking.
pub(crate) struct Hook<M: MatchHook> {
    redirect: Option<Redirect>,
    function: Function,
    /// Dropped last: the module whose function is redirected.
    _owner: Option<module::Reference>,
    _matcher: PhantomData<fn() -> M>,
}

impl<M: MatchHook> Hook<M> {
    /// Redirects a match function.
    ///
    /// For as long as that lasts, the module that has the function can't be unloaded.
    ///
    /// # Errors
    ///
    /// `EINVAL` if it can't be traced, `EBUSY` if somebody else redirects it, `ENODEV` if its module
    /// is being unloaded.
    pub(crate) fn new(this: &'static ThisModule, function: Function) -> Result<Self> {
        let owner = module::Reference::of(this, function.address())?;
        let replacement: MatchFn = replacement::<M>;
        // SAFETY: Both are match functions, whose first argument is a device. The code of `function`
        // stays, because its module does. Dropping waits until nobody is in `replacement`, whose
        // module can't be unloaded before this was dropped: whoever owns it is part of the module.
        let redirect = unsafe {
            Redirect::new(
                function.address(),
                (replacement as *const ()).addr(),
                Calls::WithOverride,
            )
        }?;

        Ok(Self {
            redirect: Some(redirect),
            function,
            _owner: owner,
            _matcher: PhantomData,
        })
    }

    /// Returns `true` if this is the function that is redirected.
    pub(crate) fn redirects(&self, function: Function) -> bool {
        self.function.address() == function.address()
    }
}

impl<M: MatchHook> Drop for Hook<M> {
    fn drop(&mut self) {
        drop(self.redirect.take());
        IN_FLIGHT.drain();
    }
}

/// The function that a match function is redirected to.
///
/// # Safety
///
/// As for the match function: `dev` is valid, and `drv` is registered and stays so.
unsafe extern "C" fn replacement<M: MatchHook>(
    dev: *mut bindings::device,
    drv: *const bindings::device_driver,
) -> c_int {
    IN_FLIGHT.enter();

    // SAFETY: The caller's promise. `Driver` is a transparent wrapper.
    let (dev, drv) = unsafe { (Device::from_raw(dev), &*drv.cast::<Driver>()) };
    let ret = match M::matches(dev, drv) {
        Ok(matches) => c_int::from(matches),
        Err(err) => err.to_errno(),
    };

    IN_FLIGHT.leave();
    ret
}
