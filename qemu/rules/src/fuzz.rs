// SPDX-License-Identifier: GPL-2.0

//! A target for fuzzers: any bytes, and nothing but the truth.

use crate::{
    model::{documented_order, fnmatch, Device, Words},
    policy::rules::{param, pattern::Pattern, slot, table::Table, ParseError, RuleId},
};
use std::cell::Cell;

/// Takes the bytes for a parameter, a pattern or a series of changes to a table, as the first of them
/// tells, and panics if the engine does anything wrong with them.
pub fn fuzz(data: &[u8]) {
    let Some((&kind, data)) = data.split_first() else {
        return;
    };

    match kind % 4 {
        0 => in_text(param::parse(data).err().map(|bad| bad.at), data),
        1 => in_text(slot::parse_param(data).err().map(|bad| bad.at), data),
        2 => pattern(data),
        _ => table(data),
    }
}

/// A bad character is one of the text's, or its end.
fn in_text(bad: Option<ParseError>, text: &[u8]) {
    assert!(bad.is_none_or(|bad| bad.0 <= text.len()));
}

/// A pattern and a text, with a 0 between them, mean what fnmatch(3) says.
fn pattern(data: &[u8]) {
    let (pattern, text) = halves(data);

    if let Ok(compiled) = Pattern::check(pattern) {
        // In the C locale, as in the kernel, a character is a byte.
        assert_eq!(compiled.matches(text), fnmatch(pattern, text));
        assert!(!compiled.matches(text) || text.starts_with(compiled.prefix()));
    }
}

fn halves(data: &[u8]) -> (&[u8], &[u8]) {
    let mut parts = data.split(|&c| c == 0);

    (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    )
}

/// What is left of the bytes.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;

        self.0 = rest;
        Some(first)
    }

    /// A short text of characters that make rules match often.
    fn text(&mut self) -> Option<String> {
        let len = self.byte()? % 5;

        (0..len)
            .map(|_| Some(char::from(b"aab*?[]-"[usize::from(self.byte()? % 8)])))
            .collect()
    }

    fn words(&mut self) -> Option<Words> {
        Some(Words {
            bus: self.text()?,
            device: self.text()?,
            parent: self.text()?,
            modalias: self.text()?,
            group_owned: self.byte()? % 4 == 0,
        })
    }

    fn device(&mut self) -> Option<Device> {
        Some(Device {
            bus: self.text()?.into(),
            name: self.text()?.into(),
            parents: [self.text()?.into(), self.text()?.into()],
            modalias: self.text()?.into(),
            group_owned: self.byte()? % 2 == 0,
            asked_for_modalias: Cell::new(false),
        })
    }
}

/// Rules come and go; whatever device is looked up, the documented one of them wins.
fn table(data: &[u8]) {
    let mut reader = Reader(data);
    let mut table = Table::new();
    let mut all: Vec<(u64, Words)> = Vec::new();
    let mut next_age = 0;

    while let Some(()) = step(&mut reader, &mut table, &mut all, &mut next_age) {}
    assert_eq!(table.is_empty(), all.is_empty());
}

fn step(
    reader: &mut Reader<'_>,
    table: &mut Table,
    all: &mut Vec<(u64, Words)>,
    next_age: &mut u64,
) -> Option<()> {
    match reader.byte()? % 3 {
        0 => {
            let words = reader.words()?;

            if let Some(rule) = words.rule(*next_age) {
                table.insert(rule).expect("no such id yet");
                all.push((*next_age, words));
                *next_age += 1;
            }
        }
        1 if !all.is_empty() => {
            let (id, words) = all.remove(usize::from(reader.byte()?) % all.len());
            let spec = words.spec().expect("it was a rule");

            assert!(table.get(&spec, RuleId(id)).is_some());
            assert!(table
                .remove(&spec, RuleId(id))
                .is_some_and(|rule| rule.id.0 == id));
            assert!(table.remove(&spec, RuleId(id)).is_none());
        }
        _ => {
            let device = reader.device()?;
            let winner = all
                .iter()
                .map(|(id, words)| (*id, words))
                .filter(|(_, words)| words.spec().is_some_and(|spec| spec.matches(&device)))
                .min_by(documented_order)
                .map(|(id, _)| id);

            assert_eq!(table.find(&device).map(|rule| rule.id.0), winner);
        }
    }
    Some(())
}
