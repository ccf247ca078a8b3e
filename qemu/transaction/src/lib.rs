// SPDX-License-Identifier: GPL-2.0

//! The module's transaction engine on the host.
//!
//! The files are the module's own, from `src/transaction`. `qemu/kernel` stands for the `kernel` crate.
//! The driver core is simulated.

#![allow(dead_code, reason = "the module's callers are not here")]

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
