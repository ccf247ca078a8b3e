// SPDX-License-Identifier: GPL-2.0

//! Rules: which devices get which driver override when they are discovered.
//!
//! Pure logic: nothing here knows a device, a lock or the driver core. The same files are built for
//! the host, where generated cases test them (`qemu/rules`).
//!
//! # Precedence
//!
//! A rule has *matchers*, and all that are given must match a device. Of several rules that match,
//! the one with the smallest [`Rank`] wins. Ranks are compared in this order:
//!
//! 1. `device`: an exact name, then a pattern with fewer `*`, then no such matcher;
//! 2. `parent`: given, then not;
//! 3. `modalias`: a pattern with fewer `*`, then no such matcher;
//! 4. `group_owned`: given, then not;
//! 5. the older rule.
//!
//! No two rules have the same number, so this is a total order.
//!
//! # Cost
//!
//! [`table`] tells what a lookup costs. A rule takes at most [`Rule::MAX_BYTES`] of memory.

pub(crate) mod builder;
pub(crate) mod param;
pub(crate) mod pattern;
pub(crate) mod slot;
pub(crate) mod table;

pub(crate) use crate::rule_id::{
    Origin,
    RuleId, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};
use pattern::Pattern;

/// Where the first bad character of a text is, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ParseError(pub(crate) usize);

/// What a rule is compared with.
///
/// Only what a rule asks for is called, so that an implementation can find it out lazily.
pub(crate) trait MatchTarget {
    /// Name of the bus.
    fn bus(&self) -> &[u8];

    /// Name of the device.
    fn name(&self) -> &[u8];

    /// Name of the parent, and of the physical function of a virtual function; empty if there is
    /// none.
    fn parents(&self) -> [&[u8]; 2];

    /// The module alias, empty if the bus knows none.
    fn modalias(&self) -> &[u8];

    /// Whether userspace owns the IOMMU group of the device.
    fn group_owned(&self) -> bool;
}

/// The precedence of a rule; the smallest wins.
///
/// The order of the fields is the order of comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    device: u16,
    parent: u16,
    modalias: u16,
    group_owned: u16,
    id: RuleId,
}

impl Rank {
    /// A matcher that is given beats one that isn't.
    const NOT_GIVEN: u16 = u16::MAX;
}

/// A part of a [`Spec`]'s text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Span {
    start: u16,
    len: u16,
}

/// What a rule says: its matchers and its driver.
///
/// # Invariants
///
/// All spans lie within `text`. `device` and `modalias` are valid patterns or empty, which stands
/// for "not given"; `driver` is not empty.
#[derive(Debug)]
pub(crate) struct Spec {
    // One allocation for all texts: what a rule costs is bounded by its length.
    text: KVec<u8>,
    name: Span,
    bus: Span,
    device: Span,
    parent: Span,
    modalias: Span,
    driver: Span,
    group_owned: bool,
}

impl Spec {
    /// The longest that all texts of a rule can be together, in bytes.
    pub(crate) const MAX_TEXT: usize = 256;

    /// The driver that keeps a group together: see [`Spec::driver`].
    pub(crate) const GROUP: &'static [u8] = b"@group";

    fn span(&self, span: Span) -> &[u8] {
        let start = usize::from(span.start);

        // Never empty by accident: the type invariants say that the range exists.
        self.text
            .get(start..start + usize::from(span.len))
            .unwrap_or_default()
    }

    /// The rule's name.
    pub(crate) fn name(&self) -> &[u8] {
        self.span(self.name)
    }

    /// The driver's name, `none`, or [`Spec::GROUP`].
    pub(crate) fn driver(&self) -> &[u8] {
        self.span(self.driver)
    }

    /// The pattern of device names, empty if not given.
    pub(crate) fn device(&self) -> &[u8] {
        self.span(self.device)
    }

    fn device_is_exact(&self) -> bool {
        Pattern(self.device()).is_literal()
    }

    fn rank(&self, id: RuleId) -> Rank {
        let given = |given| if given { 0 } else { Rank::NOT_GIVEN };
        let pattern = |pattern: &[u8]| match pattern {
            b"" => Rank::NOT_GIVEN,
            _ => Pattern(pattern).stars(),
        };

        Rank {
            device: match self.device() {
                b"" => Rank::NOT_GIVEN,
                _ if self.device_is_exact() => 0,
                device => Pattern(device).stars().saturating_add(1),
            },
            parent: given(self.parent.len != 0),
            modalias: pattern(self.span(self.modalias)),
            group_owned: given(self.group_owned),
            id,
        }
    }

    /// Whether all matchers match `target`.
    pub(crate) fn matches(&self, target: &impl MatchTarget) -> bool {
        let given = |span: Span| Some(self.span(span)).filter(|text| !text.is_empty());

        // The cheap ones first.
        given(self.bus).is_none_or(|bus| target.bus() == bus)
            && given(self.device).is_none_or(|device| Pattern(device).matches(target.name()))
            && given(self.parent).is_none_or(|parent| target.parents().contains(&parent))
            && given(self.modalias)
                .is_none_or(|modalias| Pattern(modalias).matches(target.modalias()))
            && (!self.group_owned || target.group_owned())
    }
}

/// A rule in a [`table::Table`].
#[derive(Debug)]
pub(crate) struct Rule {
    /// What the rule says. Whoever is to remove the rule has it as well, and finds the rule by it.
    pub(crate) spec: Arc<Spec>,
    /// Its number, which decides among rules that are as specific as it is.
    pub(crate) id: RuleId,
    /// Where it comes from.
    pub(crate) origin: Origin,
    /// To how many devices it gave their override.
    pub(crate) hits: u64,
}

impl Rule {
    /// An upper bound of the memory that one rule takes, in bytes.
    ///
    /// That is the rule itself; what it says, with a reference count, and its texts in an allocation
    /// that the allocator rounds up to at most [`Spec::MAX_TEXT`]; and its entry in the table, which
    /// has room for twice as many when it has just grown.
    #[allow(dead_code, reason = "to rustc 1.85, the assertion below is no use")]
    pub(crate) const MAX_BYTES: usize = size_of::<Self>().next_power_of_two()
        + (size_of::<usize>() + size_of::<Spec>()).next_power_of_two()
        + Spec::MAX_TEXT
        + 2 * size_of::<KBox<Self>>();

    fn rank(&self) -> Rank {
        self.spec.rank(self.id)
    }
}

const _: () = assert!(Rule::MAX_BYTES <= 512);
