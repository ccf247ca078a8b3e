// SPDX-License-Identifier: GPL-2.0

//! Rules: which devices get which driver override when they are discovered.
//!
//! Pure logic: nothing here knows a device, a lock or the driver core. The same files are built for
//! the host (`qemu/rules`), where generated cases test them and the command uses them.
//!
//! A rule has *matchers*, and all that are given must match a device. Of several rules that match,
//! the first in the order of [`field::PRECEDENCE`] wins. Bridges and hubs are taken by what names one
//! device exactly, and by nothing else: who takes a bridge takes what is behind it.
//!
//! [`table`] tells what a lookup costs. A rule takes at most [`Rule::MAX_BYTES`] of memory.

pub(crate) mod builder;
pub(crate) mod canonical;
pub(crate) mod driver_word;
pub(crate) mod field;
pub(crate) mod param;
pub(crate) mod pattern;
pub(crate) mod rule_error;
pub(crate) mod slot;
pub(crate) mod spec;
pub(crate) mod table;

pub(crate) use crate::rule_id::{
    Origin,
    RuleId, //
};
pub(crate) use spec::Spec;

use kernel::{
    alloc::AllocError,
    prelude::*,
    sync::Arc, //
};

/// The first bad character of a text, and what is wrong there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ParseError {
    /// The character's index, from 0; the length of the text if it ends too early.
    pub(crate) at: usize,
    /// The reason, in the user's words.
    pub(crate) reason: &'static str,
}

impl ParseError {
    /// The reason of an error that is none of the text's.
    pub(crate) const NO_MEMORY: &'static str = "out of memory";

    pub(crate) fn new(at: usize, reason: &'static str) -> Self {
        Self { at, reason }
    }

    /// There is no memory.
    pub(crate) fn no_memory() -> Self {
        Self::new(0, Self::NO_MEMORY)
    }

    /// The same, in a text of which this one begins at `offset`.
    pub(crate) fn after(self, offset: usize) -> Self {
        Self {
            at: self.at.saturating_add(offset),
            ..self
        }
    }
}

impl From<AllocError> for ParseError {
    fn from(_: AllocError) -> Self {
        Self::no_memory()
    }
}

impl From<ParseError> for Error {
    fn from(error: ParseError) -> Self {
        match error.reason {
            ParseError::NO_MEMORY => ENOMEM,
            _ => EINVAL,
        }
    }
}

/// A rule in a [`table::Table`].
#[derive(Debug)]
pub(crate) struct Rule {
    /// The content. Whoever is to remove the rule has it as well, and finds the rule by it.
    pub(crate) spec: Arc<Spec>,
    /// The place among rules that are as specific.
    pub(crate) id: RuleId,
    /// The origin.
    pub(crate) origin: Origin,
    /// The number of devices that got their override from the rule.
    pub(crate) hits: u64,
}

impl Rule {
    /// An upper bound of the memory that one rule takes, in bytes.
    ///
    /// That is the rule itself; its content, with a reference count, and its texts in an allocation
    /// that the allocator rounds up to at most [`Spec::MAX_TEXT`]; and its entry in the table, which
    /// has room for twice as many when it has just grown.
    #[allow(dead_code, reason = "to rustc 1.85, the assertion below is no use")]
    pub(crate) const MAX_BYTES: usize = size_of::<Self>().next_power_of_two()
        + (size_of::<usize>() + size_of::<Spec>()).next_power_of_two()
        + Spec::MAX_TEXT
        + 2 * size_of::<KBox<Self>>();
}

const _: () = assert!(Rule::MAX_BYTES <= 512);
