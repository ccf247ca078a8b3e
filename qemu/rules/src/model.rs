// SPDX-License-Identifier: GPL-2.0

//! What generated cases are made of, and what the documentation says of them.

use crate::policy::rules::{
    builder::{Field, RuleBuilder},
    MatchTarget, Origin, Rule, RuleId, Spec,
};
use kernel::{prelude::GFP_KERNEL, sync::Arc};
use std::{cell::Cell, ffi::CString};

/// A device, with few enough values for rules to match often.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) bus: Vec<u8>,
    pub(crate) name: Vec<u8>,
    pub(crate) parents: [Vec<u8>; 2],
    pub(crate) modalias: Vec<u8>,
    pub(crate) group_owned: bool,
    pub(crate) asked_for_modalias: Cell<bool>,
}

impl MatchTarget for Device {
    fn bus(&self) -> &[u8] {
        &self.bus
    }
    fn name(&self) -> &[u8] {
        &self.name
    }
    fn parents(&self) -> [&[u8]; 2] {
        [&self.parents[0], &self.parents[1]]
    }
    fn modalias(&self) -> &[u8] {
        self.asked_for_modalias.set(true);
        &self.modalias
    }
    fn group_owned(&self) -> bool {
        self.group_owned
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Words {
    pub(crate) bus: String,
    pub(crate) device: String,
    pub(crate) parent: String,
    pub(crate) modalias: String,
    pub(crate) group_owned: bool,
}

impl Words {
    pub(crate) fn spec(&self) -> Option<Spec> {
        let mut builder = RuleBuilder::default();

        builder.set(Field::Bus, self.bus.as_bytes()).ok()?;
        builder.set(Field::Device, self.device.as_bytes()).ok()?;
        builder.set(Field::Parent, self.parent.as_bytes()).ok()?;
        builder
            .set(Field::Modalias, self.modalias.as_bytes())
            .ok()?;
        builder.set(Field::Driver, b"x").ok()?;
        builder.group_owned = self.group_owned;
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

/// The precedence as the documentation tells it, from the words rather than from a rank.
pub(crate) fn documented_order(a: &(u64, &Words), b: &(u64, &Words)) -> std::cmp::Ordering {
    fn stars(pattern: &str) -> usize {
        pattern.matches('*').count()
    }
    fn device(words: &Words) -> (u8, usize) {
        match words.device.as_str() {
            "" => (2, 0),
            exact if !exact.contains(['*', '?', '[']) => (0, 0),
            pattern => (1, stars(pattern)),
        }
    }
    fn modalias(words: &Words) -> (bool, usize) {
        (words.modalias.is_empty(), stars(&words.modalias))
    }
    let key = |(id, words): &(u64, &Words)| {
        (
            device(words),
            words.parent.is_empty(),
            modalias(words),
            !words.group_owned,
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
