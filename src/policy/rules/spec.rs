// SPDX-License-Identifier: GPL-2.0

//! The texts of a rule, and which devices they match.

use super::{
    field::{
        Field,
        Key,
        MatchTarget,
        NOT_GIVEN,
        PRECEDENCE, //
    },
    pattern::Pattern,
    rule_error::RuleError,
    RuleId, //
};
use kernel::prelude::*;

/// The precedence of a rule; the smallest wins.
///
/// The order of the fields is the order of comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    /// The weights in the steps of [`PRECEDENCE`].
    pub(crate) weights: [u16; PRECEDENCE.len()],
    /// No two rules have the same, so that the order is total.
    pub(crate) id: RuleId,
}

/// The reason why a rule does not match a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mismatch {
    /// The device does not have what this field says.
    Field(Field),
    /// The device is a bridge or a hub, and no field of the rule may take one.
    Bridge,
}

/// The content of a rule: its matchers and its driver.
///
/// # Invariants
///
/// `ends` ascend, and the last is the length of `text`. The text of each field is canonical or empty,
/// which stands for "not given". `first_step` is the first step of [`PRECEDENCE`] in which the rule
/// has a weight and that has a key, and `key_len` the length of that key.
#[derive(Debug)]
pub(crate) struct Spec {
    // One allocation for all texts: the cost of a rule is bounded by its length.
    text: KVec<u8>,
    /// The ends of the name's text and of each field's.
    ends: [u16; 1 + Field::COUNT],
    first_step: u8,
    key_len: u16,
}

impl Spec {
    /// The longest that all texts of a rule can be together, in bytes.
    pub(crate) const MAX_TEXT: usize = 256;

    /// The step of rules that have no key.
    pub(super) const REST: usize = PRECEDENCE.len();

    /// Makes the rule called `name`, with the texts that `get` has for each field.
    ///
    /// # Errors
    ///
    /// [`RuleError::TooLong`], [`RuleError::NoMemory`].
    pub(super) fn new<'a>(name: &[u8], get: impl Fn(Field) -> &'a [u8]) -> Result<Self, RuleError> {
        let texts = Field::ALL.map(&get);
        let len = texts
            .iter()
            .fold(name.len(), |len, text| len.saturating_add(text.len()));

        if len > Self::MAX_TEXT {
            return Err(RuleError::TooLong);
        }
        let mut spec = Self {
            text: KVec::with_capacity(len, GFP_KERNEL).map_err(|_| RuleError::NoMemory)?,
            ends: [0; 1 + Field::COUNT],
            first_step: 0,
            key_len: 0,
        };

        let parts = Iterator::chain(core::iter::once(&name), &texts);

        for (end, text) in spec.ends.iter_mut().zip(parts) {
            spec.text
                .extend_from_slice(text, GFP_KERNEL)
                .map_err(|_| RuleError::NoMemory)?;
            *end = u16::try_from(spec.text.len()).map_err(|_| RuleError::TooLong)?;
        }
        // INVARIANT: `find_key` finds the first step with a key.
        (spec.first_step, spec.key_len) = spec.find_key();
        Ok(spec)
    }

    fn find_key(&self) -> (u8, u16) {
        for (i, step) in (0..).zip(&PRECEDENCE) {
            let text = self.get(step.field);
            let len = match step.key {
                _ if text.is_empty() || (step.weight)(text) == NOT_GIVEN => continue,
                Key::Text => text.len(),
                Key::Prefix => Pattern(text).prefix().len(),
                Key::None => continue,
            };

            // No text is longer than `MAX_TEXT`.
            return (i, u16::try_from(len).unwrap_or(u16::MAX));
        }
        (u8::try_from(Self::REST).unwrap_or(u8::MAX), 0)
    }

    fn part(&self, number: usize) -> &[u8] {
        let end = |number: usize| self.ends.get(number).copied().map_or(0, usize::from);
        let start = number.checked_sub(1).map_or(0, end);

        // Never empty by accident: the type invariants say that the range exists.
        self.text.get(start..end(number)).unwrap_or_default()
    }

    /// The rule's name.
    pub(crate) fn name(&self) -> &[u8] {
        self.part(0)
    }

    /// The canonical text of a field, empty if it is not given.
    pub(crate) fn get(&self, field: Field) -> &[u8] {
        self.part(1 + field.number())
    }

    /// The driver's name, `none`, [`GROUP`](super::driver_word::GROUP) or
    /// [`STANDARD`](super::driver_word::STANDARD).
    pub(crate) fn driver(&self) -> &[u8] {
        self.get(Field::Driver)
    }

    /// The key that the rule is found by: a step, and a text.
    pub(super) fn key(&self) -> (usize, &[u8]) {
        let step = usize::from(self.first_step);
        let text = PRECEDENCE
            .get(step)
            .map_or(&b""[..], |step| self.get(step.field));

        (
            step,
            text.get(..usize::from(self.key_len)).unwrap_or_default(),
        )
    }

    /// The rule's precedence, if it is the one with that ID.
    pub(crate) fn rank(&self, id: RuleId) -> Rank {
        let mut weights = [NOT_GIVEN; PRECEDENCE.len()];

        for (weight, step) in weights.iter_mut().zip(&PRECEDENCE) {
            match self.get(step.field) {
                b"" => {}
                text => *weight = (step.weight)(text),
            }
        }
        Rank { weights, id }
    }

    fn takes_bridges(&self) -> bool {
        PRECEDENCE.iter().any(|step| {
            let text = self.get(step.field);

            step.takes_bridges && !text.is_empty() && (step.weight)(text) != NOT_GIVEN
        })
    }

    /// Returns `true` if all matchers match `target`.
    pub(crate) fn matches(&self, target: &impl MatchTarget) -> bool {
        self.mismatch(target).is_none()
    }

    /// The first reason why the rule does not match, [`None`] if it does.
    ///
    /// Fields are compared in the order of their declaration, the cheap ones first.
    pub(crate) fn mismatch(&self, target: &impl MatchTarget) -> Option<Mismatch> {
        let other = Field::ALL
            .into_iter()
            .find(|field| !field.matches(self.get(*field), target));

        match other {
            Some(field) => Some(Mismatch::Field(field)),
            None if target.is_bridge() && !self.takes_bridges() => Some(Mismatch::Bridge),
            None => None,
        }
    }
}
