// SPDX-License-Identifier: GPL-2.0

//! The module's rules engine on the host.
//!
//! The files are the module's own, from `src/policy/rules`. They see this crate as the `kernel` crate:
//! [`prelude`], [`str`] and [`sync`] have as much of it as the engine uses. Their KUnit tests run here
//! as well, next to those with generated cases in `tests`.

#![allow(dead_code, reason = "the module's callers are not here")]

// What the files call `kernel`.
extern crate self as kernel;

pub mod prelude;
pub mod str;
pub mod sync;

#[path = "../../../src/driver_name.rs"]
mod driver_name;
#[path = "../../../src/rule_id.rs"]
mod rule_id;
#[path = "../../../src/policy"]
mod policy {
    pub(crate) mod rules;
}

#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
#[cfg(any(test, feature = "fuzz"))]
mod model;
#[cfg(test)]
mod tests;
