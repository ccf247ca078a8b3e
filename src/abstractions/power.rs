// SPDX-License-Identifier: GPL-2.0

//! Hearing of suspend, hibernation and shutdown before they begin.
//!
//! C headers: [`include/linux/suspend.h`](srctree/include/linux/suspend.h),
//! [`include/linux/reboot.h`](srctree/include/linux/reboot.h)

use crate::bindings;
use core::marker::PhantomData;
use kernel::{
    error::to_result,
    prelude::*, //
};

/// Does what is to be done then. Called in process context.
pub(crate) trait Power: 'static {
    /// Called before the system suspends, hibernates or goes down.
    ///
    /// # Errors
    ///
    /// Any, if the system can't suspend or hibernate now. It goes down all the same.
    fn stop() -> Result;

    /// Called when the system is up again, or has failed to suspend.
    fn start();

    /// Called when the system is about to be shut down or rebooted, which nothing stops anymore.
    fn shut_down();
}

/// The registration; dropping it waits until no function of `P` is running.
pub(crate) struct PowerNotifier<P: Power>(PhantomData<P>);

impl<P: Power> PowerNotifier<P> {
    /// Registers the functions of `P`. There can be one registration at a time.
    ///
    /// # Errors
    ///
    /// What registering a notifier returns.
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: The functions live as long as the module, which drops this before it goes away.
        to_result(unsafe {
            bindings::overdrive_power_register(
                Some(stop::<P>),
                Some(start::<P>),
                Some(shut_down::<P>),
            )
        })?;
        Ok(Self(PhantomData))
    }
}

impl<P: Power> Drop for PowerNotifier<P> {
    fn drop(&mut self) {
        // SAFETY: `new` registered it.
        unsafe { bindings::overdrive_power_unregister() };
    }
}

extern "C" fn stop<P: Power>() -> c_int {
    match P::stop() {
        Ok(()) => 0,
        Err(err) => err.to_errno(),
    }
}

extern "C" fn start<P: Power>() {
    P::start();
}

extern "C" fn shut_down<P: Power>() {
    P::shut_down();
}
