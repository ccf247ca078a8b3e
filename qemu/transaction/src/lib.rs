// SPDX-License-Identifier: GPL-2.0

//! The module's transaction engine on the host.
//!
//! The files are the module's own, from `src/transaction`. They see this crate as the `kernel` crate:
//! [`prelude`], [`alloc`] and [`sync`] have as much of it as they use. The driver core is simulated.

#![allow(dead_code, reason = "the module's callers are not here")]

// What the files call `kernel`.
extern crate self as kernel;

pub mod alloc;
pub mod prelude;
pub mod sync;

#[path = "../../../src/device"]
mod device {
    pub(crate) mod marks;
}
#[path = "../../../src/transaction"]
mod transaction {
    pub(crate) mod engine;
    pub(crate) mod plan;
}

#[cfg(test)]
mod plans;
#[cfg(test)]
mod schedules;
#[cfg(test)]
mod simulation;
