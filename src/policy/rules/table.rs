// SPDX-License-Identifier: GPL-2.0

//! The table of rules: one sorted array, searched by what a device is called.
//!
//! Every rule has one *key*: the text of the first step of [`PRECEDENCE`] in which it is given and
//! that can be searched. The array is sorted by step, then by key, then by [`Rank`]. As steps are in
//! the order of precedence, the first step that has a matching rule has the winner.
//!
//! With n rules, a lookup compares O(log n) keys for each text that the device has for an exact key:
//! one name, as many paths as it has buses above it. Where the key is of a pattern, it is the literal
//! text before the first character with a meaning of its own; those that begin the device's text are
//! found by as many searches as there are branches on the way to it, at most one per character, and in
//! practice one or two.
//!
//! What can't be found by a key is compared one by one: rules whose keys are equal (the same
//! `parent`, patterns that begin with a `*`) up to the first that matches, and rules with no matcher
//! but `bus`, `vf` and `group_owned`.

use super::{
    driver_word,
    field::{
        Field,
        Key,
        MatchTarget,
        PRECEDENCE, //
    },
    spec::{
        Mismatch,
        Rank,
        Spec, //
    },
    Rule,
    RuleId, //
};
use core::cmp::Ordering;
use kernel::prelude::*;

/// The facts that some rule asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequiredFacts {
    fields: u32,
    /// The driver that [`GROUP`](super::driver_word::GROUP) stands for.
    pub(crate) group_driver: bool,
}

impl RequiredFacts {
    /// Returns `true` if a rule has `field`.
    pub(crate) fn contains(&self, field: Field) -> bool {
        self.fields & 1 << field.number() != 0
    }
}

/// The rules.
///
/// # Invariants
///
/// `rules` is sorted by key (a step and a text) and [`Rank`], and no two rules have the same ID.
/// `starts` has the index of the first rule of each step and those after it. `with_field` counts the
/// rules that have each field, and `with_group` those whose driver is [`GROUP`](super::driver_word::GROUP).
pub(crate) struct Table {
    rules: KVVec<KBox<Rule>>,
    starts: [usize; Spec::REST + 2],
    with_field: [u32; Field::COUNT],
    with_group: u32,
}

impl Table {
    /// Makes a table without rules.
    pub(crate) const fn new() -> Self {
        // INVARIANT: Trivially sorted.
        Self {
            rules: KVVec::new(),
            starts: [0; Spec::REST + 2],
            with_field: [0; Field::COUNT],
            with_group: 0,
        }
    }

    /// The facts that rules ask for; [`None`] if there is no rule.
    pub(crate) fn required(&self) -> Option<RequiredFacts> {
        let fields = (0..)
            .zip(self.with_field)
            .fold(0, |all, (i, count)| all | u32::from(count != 0) << i);

        (!self.is_empty()).then_some(RequiredFacts {
            fields,
            group_driver: self.with_group != 0,
        })
    }

    /// Returns `true` if there is no rule.
    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// All rules, in no order that matters.
    #[allow(dead_code, reason = "for the command and the tests")]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().map(|rule| &**rule)
    }

    fn position(&self, spec: &Spec, id: RuleId) -> Result<usize, usize> {
        let (key, rank) = (spec.key(), spec.rank(id));

        self.rules.binary_search_by(|rule| {
            let by_key = rule.spec.key().cmp(&key);

            by_key.then_with(|| rule.spec.rank(rule.id).cmp(&rank))
        })
    }

    /// Adjusts the counts for a rule that comes, or goes.
    fn count(&mut self, spec: &Spec, comes: bool) {
        let adjust = |count: &mut u32| {
            *count = match comes {
                true => count.saturating_add(1),
                false => count.saturating_sub(1),
            };
        };
        let (step, _) = spec.key();

        for start in self.starts.iter_mut().skip(step + 1) {
            *start = match comes {
                true => start.saturating_add(1),
                false => start.saturating_sub(1),
            };
        }
        for (count, field) in self.with_field.iter_mut().zip(Field::ALL) {
            if !spec.get(field).is_empty() {
                adjust(count);
            }
        }
        if spec.driver() == driver_word::GROUP {
            adjust(&mut self.with_group);
        }
    }

    /// Adds a rule.
    ///
    /// # Errors
    ///
    /// `EEXIST` if there is one of the same ID and content, `ENOMEM`.
    pub(crate) fn insert(&mut self, rule: Rule) -> Result {
        let Err(at) = self.position(&rule.spec, rule.id) else {
            return Err(EEXIST);
        };
        let spec = rule.spec.clone();
        let rule = KBox::new(rule, GFP_KERNEL)?;

        self.rules.reserve(1, GFP_KERNEL)?;
        // INVARIANT: `at` is where the search would have found the rule.
        self.rules
            .insert_within_capacity(at, rule)
            .map_err(|_| ENOMEM)?;
        self.count(&spec, true);
        Ok(())
    }

    /// Removes the rule of that ID and content.
    pub(crate) fn remove(&mut self, spec: &Spec, id: RuleId) -> Option<KBox<Rule>> {
        let at = self.position(spec, id).ok()?;
        let rule = self.rules.remove(at).ok()?;

        self.count(&rule.spec, false);
        Some(rule)
    }

    /// The rule of that ID and content.
    pub(crate) fn get(&self, spec: &Spec, id: RuleId) -> Option<&Rule> {
        let at = self.position(spec, id).ok()?;

        self.rules.get(at).map(|rule| &**rule)
    }

    /// The rule with this ID, to change it.
    pub(crate) fn get_mut(&mut self, spec: &Spec, id: RuleId) -> Option<&mut Rule> {
        let at = self.position(spec, id).ok()?;

        self.rules.get_mut(at).map(|rule| &mut **rule)
    }

    /// The rule that wins for `target`.
    pub(crate) fn find(&self, target: &impl MatchTarget) -> Option<&Rule> {
        self.find_position(target)
            .and_then(|at| self.rules.get(at))
            .map(|rule| &**rule)
    }

    /// The rule that wins for `target`.
    pub(crate) fn find_mut(&mut self, target: &impl MatchTarget) -> Option<&mut Rule> {
        self.find_position(target)
            .and_then(|at| self.rules.get_mut(at))
            .map(|rule| &mut **rule)
    }

    fn find_position(&self, target: &impl MatchTarget) -> Option<usize> {
        for (i, step) in PRECEDENCE.iter().enumerate() {
            let range = self.range(i);
            let mut best = None;

            if range.0 == range.1 {
                // Not even the texts need to be known.
                continue;
            }
            step.field.any_text(target, |text| {
                let found = match step.key {
                    Key::Text => self.first_match(self.equal(range, text), target),
                    Key::Prefix => self.find_prefix(range, text, target),
                    Key::None => None,
                };

                best = self.better(best, found);
                false
            });
            if best.is_some() {
                return best;
            }
        }
        self.first_match(self.range(Spec::REST), target)
    }

    /// Calls `f` with each rule that names a place that `target` has, but does not match it.
    ///
    /// Such a rule was made for another device, which was there when it was written.
    pub(crate) fn for_each_near_miss(
        &self,
        target: &impl MatchTarget,
        mut f: impl FnMut(&Rule, Mismatch),
    ) {
        for (i, step) in PRECEDENCE.iter().enumerate() {
            if !step.takes_bridges {
                continue;
            }
            step.field.any_text(target, |text| {
                let (from, to) = self.equal(self.range(i), text);

                for rule in self.rules.get(from..to).unwrap_or_default() {
                    match rule.spec.mismatch(target) {
                        // Another bus has a device of the same name.
                        Some(Mismatch::Field(Field::Bus)) | None => {}
                        Some(mismatch) => f(rule, mismatch),
                    }
                }
                false
            });
        }
    }

    /// The indices of the first rule of a step, and of the first after it.
    fn range(&self, step: usize) -> (usize, usize) {
        match self.starts.get(step..step + 2) {
            Some(&[from, to]) => (from, to),
            _ => (0, 0),
        }
    }

    /// The first rule in the range that matches; they have the same key, so it is the best.
    fn first_match(&self, range: (usize, usize), target: &impl MatchTarget) -> Option<usize> {
        let rules = self.rules.get(range.0..range.1)?;

        rules
            .iter()
            .position(|rule| rule.spec.matches(target))
            .map(|at| range.0 + at)
    }

    fn rank_at(&self, at: usize) -> Option<Rank> {
        self.rules.get(at).map(|rule| rule.spec.rank(rule.id))
    }

    fn better(&self, a: Option<usize>, b: Option<usize>) -> Option<usize> {
        match (a, b) {
            (Some(x), Some(y)) if self.rank_at(y) < self.rank_at(x) => b,
            (None, _) => b,
            _ => a,
        }
    }

    /// The index in the range, which is one of a single step, of the first rule whose key `order`
    /// does not place before.
    fn first_not(&self, range: (usize, usize), before: impl Fn(&[u8]) -> bool) -> usize {
        let rules = self.rules.get(range.0..range.1).unwrap_or_default();

        range.0 + rules.partition_point(|rule| before(rule.spec.key().1))
    }

    /// The part of the range, which is one of a single step, in which keys are equal to `key`.
    fn equal(&self, range: (usize, usize), key: &[u8]) -> (usize, usize) {
        let from = self.first_not(range, |its| its < key);
        let rest = (from, range.1);

        match self.rules.get(from) {
            Some(rule) if from < range.1 && rule.spec.key().1 == key => (
                from,
                self.first_not(rest, |its| its.cmp(key) != Ordering::Greater),
            ),
            _ => (from, from),
        }
    }

    /// Finds the best rule in the range, which is one of a single step, whose key is a prefix of
    /// `text`.
    fn find_prefix(
        &self,
        range: (usize, usize),
        text: &[u8],
        target: &impl MatchTarget,
    ) -> Option<usize> {
        let (from, mut to) = range;
        let mut text = text;
        let mut best = None;

        // The last key that is not greater than `text` shares a beginning with it. No key that is a
        // prefix of `text` can be longer than that beginning: it would be between the two.
        loop {
            to = self.first_not((from, to), |its| its <= text);
            let Some(last) = to.checked_sub(1).filter(|&last| last >= from) else {
                return best;
            };
            let key = self.rules.get(last)?.spec.key().1;
            let shared = Iterator::zip(key.iter(), text)
                .take_while(|(a, b)| a == b)
                .count();

            if shared == key.len() {
                to = self.first_not((from, to), |its| its < key);
                best = self.better(best, self.first_match((to, last + 1), target));
                match shared.checked_sub(1) {
                    Some(shorter) => text = text.get(..shorter)?,
                    None => return best,
                }
            } else {
                to = last;
                text = text.get(..shared)?;
            }
        }
    }
}
