// SPDX-License-Identifier: GPL-2.0

//! The parts of generated cases, and the words of the documentation about them.

use crate::policy::rules::{
    builder::RuleBuilder,
    canonical,
    field::{Field, MatchTarget},
    Origin, Rule, RuleId, Spec,
};
use kernel::{prelude::GFP_KERNEL, sync::Arc};
use std::{cell::Cell, cmp::Ordering, cmp::Reverse, ffi::CString};

/// A device, with few enough values for rules to match often.
#[derive(Clone, Debug, Default)]
pub(crate) struct Device {
    pub(crate) facts: crate::Device,
    pub(crate) asked_for_modalias: Cell<bool>,
}

impl MatchTarget for Device {
    fn bus(&self) -> &[u8] {
        self.facts.bus()
    }
    fn name(&self) -> &[u8] {
        self.facts.name()
    }
    fn is_bridge(&self) -> bool {
        self.facts.is_bridge()
    }
    fn paths(&self) -> impl Iterator<Item = &[u8]> {
        self.facts.paths()
    }
    fn parents(&self) -> impl Iterator<Item = &[u8]> {
        self.facts.parents()
    }
    fn ancestors(&self) -> impl Iterator<Item = &[u8]> {
        self.facts.ancestors()
    }
    fn firmware(&self) -> Option<&[u8]> {
        self.facts.firmware()
    }
    fn serial(&self) -> Option<&[u8]> {
        self.facts.serial()
    }
    fn modalias(&self) -> Option<&[u8]> {
        self.asked_for_modalias.set(true);
        self.facts.modalias()
    }
    fn vf(&self) -> Option<u16> {
        self.facts.vf()
    }
    fn group_owned(&self) -> bool {
        self.facts.group_owned()
    }
}

/// A rule's texts, by the numbers of the fields.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words(pub(crate) [String; Field::COUNT]);

impl Words {
    pub(crate) fn get(&self, field: Field) -> &str {
        &self.0[field.number()]
    }

    pub(crate) fn spec(&self) -> Option<Spec> {
        let mut builder = RuleBuilder::default();

        for (field, text) in Field::ALL.into_iter().zip(&self.0) {
            builder.set(field, text.as_bytes()).ok()?;
        }
        builder.set(Field::Driver, b"x").ok()?;
        builder.compile(b"r").ok()
    }

    pub(crate) fn rule(&self, id: u64) -> Option<Rule> {
        Some(Rule {
            spec: Arc::new(self.spec()?, GFP_KERNEL).ok()?,
            id: RuleId(id),
            origin: Origin::Rule,
            hits: 0,
        })
    }
}

/// The documentation's answer for a rule and a device, from the words rather than from the engine.
pub(crate) fn documented_match(words: &Words, device: &Device) -> bool {
    let facts = &device.facts;
    let given = |field| Some(words.get(field)).filter(|text| !text.is_empty());
    let exact = |field, has: &[String]| {
        given(field).is_none_or(|text| {
            let text = canonical_text(field, text);

            has.contains(&text)
        })
    };
    let glob = |field, has: Option<&String>| {
        given(field).is_none_or(|pattern| {
            has.is_some_and(|has| fnmatch(pattern.as_bytes(), has.as_bytes()))
        })
    };
    let owned = |text: &Option<String>| text.iter().cloned().collect::<Vec<_>>();
    let literal = given(Field::Device).is_some_and(|text| !text.contains(['*', '?', '[', '\\']));

    exact(Field::Bus, &[facts.bus.clone()])
        && glob(Field::Device, Some(&facts.name))
        && exact(Field::Path, &facts.paths)
        && exact(Field::Parent, &facts.parents)
        && exact(Field::Below, &facts.ancestors)
        && exact(Field::Firmware, &owned(&facts.firmware))
        && exact(Field::Serial, &owned(&facts.serial))
        && glob(Field::Modalias, facts.modalias.as_ref())
        && given(Field::Vf).is_none_or(|text| facts.vf.is_some_and(|vf| ranges_have(text, vf)))
        && (given(Field::GroupOwned) != Some("1") || facts.group_owned)
        && (!facts.is_bridge
            || literal
            || given(Field::Path).is_some()
            || given(Field::Firmware).is_some())
}

pub(crate) fn canonical_text(field: Field, text: &str) -> String {
    let text = field.canonical(text.as_bytes()).expect("a good text");

    String::from_utf8(text.to_vec()).expect("ASCII")
}

/// The meaning of `vf=`, range by range.
pub(crate) fn ranges_have(text: &str, vf: u16) -> bool {
    text.split(',').any(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let number = |text: &str| text.parse::<u16>().expect("a number");

        (number(first)..=number(last)).contains(&vf)
    })
}

/// The precedence as the documentation tells it, from the words rather than from a rank.
pub(crate) fn documented_order(a: &(u64, &Words), b: &(u64, &Words)) -> Ordering {
    fn stars(pattern: &str) -> usize {
        pattern.matches('*').count()
    }
    let key = |(id, words): &(u64, &Words)| {
        let missing = |field| words.get(field).is_empty();
        let device = words.get(Field::Device);
        let exact = !device.is_empty() && !device.contains(['*', '?', '[', '\\']);
        let below = canonical_text(Field::Below, words.get(Field::Below));

        (
            !exact,
            missing(Field::Path),
            missing(Field::Serial),
            missing(Field::Firmware),
            (exact || device.is_empty(), stars(device)),
            missing(Field::Parent),
            (below.is_empty(), Reverse(below.matches('/').count())),
            (missing(Field::Modalias), stars(words.get(Field::Modalias))),
            missing(Field::Vf),
            words.get(Field::GroupOwned) != "1",
            *id,
        )
    };

    key(a).cmp(&key(b))
}

pub(crate) fn fnmatch(pattern: &[u8], text: &[u8]) -> bool {
    let (pattern, text) = (
        CString::new(pattern).expect("no NUL"),
        CString::new(text).expect("no NUL"),
    );

    // SAFETY: Both are C strings that live on after the call.
    unsafe { libc::fnmatch(pattern.as_ptr(), text.as_ptr(), 0) == 0 }
}

/// Reads a canonical serial number's text, for devices of the model.
pub(crate) fn serial(text: &str) -> String {
    let text = canonical::serial(text.as_bytes()).expect("printable");

    String::from_utf8(text.to_vec()).expect("ASCII")
}
