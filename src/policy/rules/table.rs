// SPDX-License-Identifier: GPL-2.0

//! The table of rules: one sorted array, searched by what a device is called.
//!
//! Every rule has one *key*: its most specific matcher that names a text. The array is sorted by
//! kind of key, then by key, then by [`Rank`]. As kinds are in the order of precedence, the first
//! kind that has a matching rule has the winner.
//!
//! With n rules, a lookup compares O(log n) keys where the key is exact (`device`, `parent`). Where
//! it is a pattern (`device`, `modalias`), the key is the literal text before the first character
//! with a meaning of its own, and the search narrows the array down character by character: O(l log
//! n) for a text of length l, and less when few rules begin like it.
//!
//! What can't be found by a key is compared one by one: rules whose keys are equal (the same
//! `parent`, patterns that begin with a `*`) up to the first that matches, and rules with no
//! matcher but `bus` and `group_owned`.

use super::{
    pattern::Pattern,
    MatchTarget, //
    Rank,
    Rule,
    RuleId,
    Spec,
};
use core::cmp::Ordering;
use kernel::prelude::*;

/// What a rule is found by. The order is that of [`Rank`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Device,
    DevicePattern,
    Parent,
    Modalias,
    Rest,
}

impl Kind {
    // Called in many places, and no short one.
    #[inline(never)]
    fn of(spec: &Spec) -> (Self, &[u8]) {
        let (device, parent, modalias) = (
            spec.device(),
            spec.span(spec.parent),
            spec.span(spec.modalias),
        );

        if !device.is_empty() {
            match Pattern(device) {
                pattern if pattern.is_literal() => (Self::Device, device),
                pattern => (Self::DevicePattern, pattern.prefix()),
            }
        } else if !parent.is_empty() {
            (Self::Parent, parent)
        } else if !modalias.is_empty() {
            (Self::Modalias, Pattern(modalias).prefix())
        } else {
            (Self::Rest, b"")
        }
    }
}

/// What some rule wants to know, and what is not for free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequiredFacts {
    /// [`MatchTarget::modalias`]
    pub(crate) modalias: bool,
    /// [`MatchTarget::group_owned`]
    pub(crate) group_owned: bool,
    /// What [`Spec::GROUP`] stands for.
    pub(crate) group_driver: bool,
}

/// The rules.
///
/// # Invariants
///
/// `rules` is sorted by [`Kind`], key and [`Rank`], and no two rules have the same number. `count` tells
/// how many there are that need each of [`RequiredFacts`].
pub(crate) struct Table {
    rules: KVVec<KBox<Rule>>,
    count: [usize; 3],
}

/// Whether a rule needs each of [`RequiredFacts`].
fn required(spec: &Spec) -> [usize; 3] {
    [
        spec.modalias.len != 0,
        spec.group_owned,
        spec.driver() == Spec::GROUP,
    ]
    .map(usize::from)
}

impl Table {
    /// A table without rules.
    pub(crate) const fn new() -> Self {
        // INVARIANT: Trivially sorted.
        Self {
            rules: KVVec::new(),
            count: [0; 3],
        }
    }

    /// What rules want to know; [`None`] if there is no rule.
    pub(crate) fn required(&self) -> Option<RequiredFacts> {
        let [modalias, group_owned, group_driver] = self.count.map(|count| count != 0);

        (!self.is_empty()).then_some(RequiredFacts {
            modalias,
            group_owned,
            group_driver,
        })
    }

    /// Whether there is no rule.
    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// All rules, in no order that matters.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().map(|rule| &**rule)
    }

    fn position(&self, spec: &Spec, id: RuleId) -> Result<usize, usize> {
        let (kind, key) = Kind::of(spec);
        let rank = spec.rank(id);

        self.rules.binary_search_by(|rule| {
            let (its_kind, its_key) = Kind::of(&rule.spec);

            (its_kind, its_key, rule.rank()).cmp(&(kind, key, rank))
        })
    }

    /// Adds a rule.
    ///
    /// # Errors
    ///
    /// `EEXIST` if there is one of the same number and key, `ENOMEM`.
    pub(crate) fn insert(&mut self, rule: Rule) -> Result {
        let Err(at) = self.position(&rule.spec, rule.id) else {
            return Err(EEXIST);
        };
        let required = required(&rule.spec);
        let rule = KBox::new(rule, GFP_KERNEL)?;

        self.rules.reserve(1, GFP_KERNEL)?;
        // INVARIANT: `at` is where the search would have found the rule.
        self.rules
            .insert_within_capacity(at, rule)
            .map_err(|_| ENOMEM)?;
        for (count, need) in self.count.iter_mut().zip(required) {
            *count += need;
        }
        Ok(())
    }

    /// Removes the rule of that number for which `spec` is what it says.
    pub(crate) fn remove(&mut self, spec: &Spec, id: RuleId) -> Option<KBox<Rule>> {
        let at = self.position(spec, id).ok()?;
        let rule = self.rules.remove(at).ok()?;

        for (count, need) in self.count.iter_mut().zip(required(&rule.spec)) {
            *count -= need;
        }
        Some(rule)
    }

    /// The rule of that number for which `spec` is what it says.
    pub(crate) fn get(&self, spec: &Spec, id: RuleId) -> Option<&Rule> {
        let at = self.position(spec, id).ok()?;

        self.rules.get(at).map(|rule| &**rule)
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
        // Most often there is no rule at all.
        if self.is_empty() {
            return None;
        }
        self.find_exact(Kind::Device, target.name(), target)
            .or_else(|| self.find_prefix(Kind::DevicePattern, |s| s.name(), target))
            .or_else(|| {
                let mut best = None;

                for parent in target.parents() {
                    if !parent.is_empty() {
                        best = self.better(best, self.find_exact(Kind::Parent, parent, target));
                    }
                }
                best
            })
            .or_else(|| self.find_prefix(Kind::Modalias, |s| s.modalias(), target))
            .or_else(|| self.find_exact(Kind::Rest, b"", target))
    }

    /// The first rule in `from..to` that matches; they have the same key, so it is the best.
    fn first_match(&self, from: usize, to: usize, target: &impl MatchTarget) -> Option<usize> {
        let rules = self.rules.get(from..to)?;

        rules
            .iter()
            .position(|rule| rule.spec.matches(target))
            .map(|at| from + at)
    }

    fn rank_at(&self, at: usize) -> Option<Rank> {
        self.rules.get(at).map(|rule| rule.rank())
    }

    fn better(&self, a: Option<usize>, b: Option<usize>) -> Option<usize> {
        match (a, b) {
            (Some(x), Some(y)) if self.rank_at(y) < self.rank_at(x) => b,
            (None, _) => b,
            _ => a,
        }
    }

    /// The indices of the first rule for which `order` is not less, and not less or equal.
    fn bounds(
        &self,
        within: (usize, usize),
        order: impl Fn((Kind, &[u8])) -> Ordering,
    ) -> (usize, usize) {
        let (from, to) = within;
        let Some(rules) = self.rules.get(from..to) else {
            return (from, from);
        };
        let first = rules.partition_point(|rule| order(Kind::of(&rule.spec)).is_lt());
        let rest = rules.get(first..).unwrap_or_default();
        let equal = rest.partition_point(|rule| order(Kind::of(&rule.spec)).is_eq());

        (from + first, from + first + equal)
    }

    fn find_exact(&self, kind: Kind, key: &[u8], target: &impl MatchTarget) -> Option<usize> {
        let (from, to) = self.bounds((0, self.rules.len()), |its| its.cmp(&(kind, key)));

        self.first_match(from, to, target)
    }

    /// Finds the best rule whose key is a prefix of `text`.
    fn find_prefix<'a, S: MatchTarget>(
        &self,
        kind: Kind,
        text: impl Fn(&'a S) -> &'a [u8],
        target: &'a S,
    ) -> Option<usize> {
        let mut range = self.bounds((0, self.rules.len()), |(its, _)| its.cmp(&kind));
        if range.0 == range.1 {
            // Not even `text` needs to be known.
            return None;
        }

        let text = text(target);
        let mut best = None;

        // All keys in `range` begin with the first `len` characters of `text`. Those that have no
        // more than these are its beginning.
        for len in 0..=text.len() {
            let (from, to) = self.bounds(range, |(_, key)| key.len().min(len + 1).cmp(&len));

            best = self.better(best, self.first_match(from, to, target));

            let Some(next) = text.get(len) else {
                break;
            };
            range = self.bounds((to, range.1), |(_, key)| key.get(len).cmp(&Some(next)));
            if range.0 == range.1 {
                break;
            }
        }
        best
    }
}
