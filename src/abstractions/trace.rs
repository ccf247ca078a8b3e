// SPDX-License-Identifier: GPL-2.0

//! Trace events of transactions and rules.
//!
//! The `kernel` crate's `declare_trace!` finds tracepoints among its own bindings only, so that those of
//! a module are called through helpers. They cost a call and a branch while nobody traces.
//!
//! C header: [`include/linux/tracepoint.h`](srctree/include/linux/tracepoint.h)

use super::device::as_raw;
use crate::bindings;
use kernel::{
    device::Device,
    prelude::*, //
};

/// The number that the events of one transaction share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Id(pub(crate) u64);

fn errno(ret: Result) -> c_int {
    ret.map_or_else(Error::to_errno, |()| 0)
}

/// A transaction begins: it has locked so many devices, which are to go to `driver`.
pub(crate) fn begin(id: Id, devices: usize, driver: &[u8], lend: bool) {
    let devices = u32::try_from(devices).unwrap_or(u32::MAX);

    // SAFETY: As many bytes as the length says can be read, and are copied.
    unsafe {
        bindings::overdrive_trace_begin(id.0, devices, driver.as_ptr().cast(), driver.len(), lend)
    };
}

/// A device was released by `driver`.
pub(crate) fn release(id: Id, dev: &Device, driver: &[u8]) {
    // SAFETY: `dev` is valid. As many bytes as the length says can be read, and are copied.
    unsafe {
        bindings::overdrive_trace_release(id.0, as_raw(dev), driver.as_ptr().cast(), driver.len())
    };
}

/// A device was attached to `driver`, or that has failed.
pub(crate) fn attach(id: Id, dev: &Device, driver: &[u8], ret: Result) {
    // SAFETY: As for `release`.
    unsafe {
        bindings::overdrive_trace_attach(
            id.0,
            as_raw(dev),
            driver.as_ptr().cast(),
            driver.len(),
            errno(ret),
        )
    };
}

/// A device is back with `driver`, its old one, because of `err`.
pub(crate) fn roll_back(id: Id, dev: &Device, driver: &[u8], err: Error) {
    // SAFETY: As for `release`.
    unsafe {
        bindings::overdrive_trace_roll_back(
            id.0,
            as_raw(dev),
            driver.as_ptr().cast(),
            driver.len(),
            err.to_errno(),
        )
    };
}

/// A device was lent to `driver`.
pub(crate) fn lend(id: Id, dev: &Device, driver: &[u8]) {
    // SAFETY: As for `release`.
    unsafe {
        bindings::overdrive_trace_lend(id.0, as_raw(dev), driver.as_ptr().cast(), driver.len())
    };
}

/// A device that was lent has returned to `driver`, or could not.
pub(crate) fn give_back(id: Id, dev: &Device, driver: &[u8], ret: Result) {
    // SAFETY: As for `release`.
    unsafe {
        bindings::overdrive_trace_return(
            id.0,
            as_raw(dev),
            driver.as_ptr().cast(),
            driver.len(),
            errno(ret),
        )
    };
}

/// A rule was applied: the device has its override.
pub(crate) fn rule(dev: &Device, rule: &[u8], driver: &[u8]) {
    // SAFETY: `dev` is valid. As many bytes as the lengths say can be read, and are copied.
    unsafe {
        bindings::overdrive_trace_rule(
            as_raw(dev),
            rule.as_ptr().cast(),
            rule.len(),
            driver.as_ptr().cast(),
            driver.len(),
        )
    };
}
