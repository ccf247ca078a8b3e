// SPDX-License-Identifier: GPL-2.0

//! The identity of a rule, which all layers can name.

/// Number of a rule. The order is that in which rules were made, and no two have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RuleId(pub(crate) u64);

/// Origin of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A rule, from configfs or `rules=`.
    Rule,
    /// A slot of a meta driver.
    Slot,
}
