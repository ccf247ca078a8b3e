// SPDX-License-Identifier: GPL-2.0

//! The module's rules engine on the host.
//!
//! The files are the module's own, from `src/policy/rules`: the command decides by the same code as
//! the kernel. `qemu/kernel` stands for the `kernel` crate. Their KUnit tests run here as well, next to
//! those with generated cases in `tests`.
//!
//! The rest of the crate is for programs: a [`RuleText`] is a rule that is being written, a [`Device`]
//! is what rules are compared with, and [`Rules`] tells which rule wins for a device and why.
//!
//! ```
//! use overdrive_rules::{parse_rules, Device, Rules};
//!
//! let mut rules = Rules::new();
//! for rule in parse_rules("device=00:1F.3,driver=none;vendor=10de,driver=none") {
//!     match rule {
//!         Ok(rule) => drop(rules.add(&rule)?),
//!         Err(error) => assert_eq!(error.to_string(), "at 27: no such field"),
//!     }
//! }
//!
//! let device = Device {
//!     bus: "pci".into(),
//!     name: "0000:00:1f.3".into(),
//!     ..Device::default()
//! };
//! assert_eq!(rules.find(&device).map(|rule| rule.driver()), Some("none"));
//! # Ok::<(), overdrive_rules::Error>(())
//! ```

#![allow(dead_code, reason = "the module's callers are not here")]

#[path = "../../../src/driver_name.rs"]
mod driver_name;
#[path = "../../../src/rule_id.rs"]
mod rule_id;
#[path = "../../../src/policy"]
mod policy {
    pub(crate) mod rules;
}

mod api;
pub use api::{
    canonical, fields, is_rule_name, matches_pattern, parse_rules, parse_slots, precedence, Device,
    Error, Explained, FieldInfo, RuleText, Rules, Slot, Verdict,
};

#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
#[cfg(any(test, feature = "fuzz"))]
mod model;
#[cfg(test)]
mod tests;
