// SPDX-License-Identifier: GPL-2.0

//! A target for fuzzers: any bytes, and nothing but the truth.

use crate::{
    model::{documented_match, documented_order, fnmatch, Device, Words},
    parse_rules, parse_slots,
    policy::rules::{
        field::Field, param, pattern::Pattern, slot, table::Table, ParseError, RuleId,
    },
};

/// Takes the bytes for a parameter, a pattern, a field or a series of changes to a table, as the first
/// of them tells, and panics if the engine does anything wrong with them.
pub fn fuzz(data: &[u8]) {
    let Some((&kind, data)) = data.split_first() else {
        return;
    };

    match kind % 5 {
        0 => rules(data),
        1 => slots(data),
        2 => pattern(data),
        3 => field(data),
        _ => table(data),
    }
}

/// A bad character is one of the text's, or its end.
fn in_text(bad: ParseError, text: &[u8]) {
    assert!(bad.at <= text.len(), "{bad:?}");
}

/// A rule as it is printed reads as the same rule.
fn rules(data: &[u8]) {
    let _ = param::parse(data, |rule| {
        if let Err(bad) = rule {
            in_text(bad, data);
        }
        Ok::<_, ()>(())
    });
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    for rule in parse_rules(text).into_iter().flatten() {
        let printed = rule.to_parameter();
        let again = parse_rules(&printed);

        assert_eq!(again.len(), 1, "{printed}");
        let again = again[0].as_ref().expect("what was printed");
        assert!(
            rule.name == again.name && rule.given().eq(again.given()),
            "{printed}"
        );
    }
}

fn slots(data: &[u8]) {
    let _ = slot::parse_param(data, |slot| {
        if let Err(bad) = slot {
            in_text(bad, data);
        }
        Ok::<_, ()>(())
    });
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    for slot in parse_slots(text).into_iter().flatten() {
        let again = crate::Slot::parse(slot.bus, &slot.device);

        assert_eq!(again.as_ref(), Ok(&slot));
    }
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

/// A canonical text is its own canonical form.
fn field(data: &[u8]) {
    let Some((&field, text)) = data.split_first() else {
        return;
    };
    let field = Field::ALL[usize::from(field) % Field::COUNT];

    match field.canonical(text) {
        Ok(once) => {
            let again = field.canonical(&once);

            assert_eq!(again.as_ref().map(|it| &it[..]), Ok(&once[..]));
        }
        Err(bad) => in_text(bad, text),
    }
}

/// The rest of the bytes.
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

    fn some_text(&mut self) -> Option<Option<String>> {
        Some(Some(self.text()?).filter(|text| !text.is_empty()))
    }

    fn path(&mut self) -> Option<String> {
        let byte = self.byte()?;
        let steps = "/00.0/01.0".get(..usize::from(byte % 3) * 5)?;

        Some(match byte & 4 {
            0 => String::new(),
            _ => format!("0000:00:0{}.0{steps}", byte >> 7),
        })
    }

    fn words(&mut self) -> Option<Words> {
        let mut words = Words::default();

        for field in Field::ALL {
            // Few fields for a rule, so that it matches.
            if self.byte()? % 4 != 0 {
                continue;
            }
            words.0[field.number()] = match field {
                Field::Path | Field::Below => self.path()?,
                Field::Vf => format!("{}-{}", self.byte()? % 2, 1 + self.byte()? % 2),
                Field::GroupOwned => "1".into(),
                Field::Driver => "x".into(),
                _ => self.text()?,
            };
        }
        Some(words)
    }

    fn device(&mut self) -> Option<Device> {
        Some(Device {
            facts: crate::Device {
                bus: self.text()?,
                name: self.text()?,
                is_bridge: self.byte()? % 4 == 0,
                paths: vec![self.path()?, self.path()?],
                parents: vec![self.text()?, self.text()?],
                ancestors: vec![self.text()?, self.path()?, self.path()?],
                firmware: self.some_text()?,
                serial: self.some_text()?,
                modalias: self.some_text()?,
                vf: self.byte()?.checked_sub(128).map(|vf| u16::from(vf % 4)),
                group_owned: self.byte()? % 2 == 0,
            },
            ..Device::default()
        })
    }
}

/// Rules come and go; whatever device is looked up, the documented one of them wins.
fn table(data: &[u8]) {
    let mut reader = Reader(data);
    let mut table = Table::new();
    let mut all: Vec<(u64, Words)> = Vec::new();
    let mut next_id = 0;

    while let Some(()) = step(&mut reader, &mut table, &mut all, &mut next_id) {}
    assert_eq!(table.is_empty(), all.is_empty());
}

fn step(
    reader: &mut Reader<'_>,
    table: &mut Table,
    all: &mut Vec<(u64, Words)>,
    next_id: &mut u64,
) -> Option<()> {
    match reader.byte()? % 3 {
        0 => {
            let words = reader.words()?;

            if let Some(rule) = words.rule(*next_id) {
                table.insert(rule).expect("no such ID yet");
                all.push((*next_id, words));
                *next_id += 1;
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
                .filter(|(_, words)| documented_match(words, &device))
                .min_by(documented_order)
                .map(|(id, _)| id);

            assert_eq!(table.find(&device).map(|rule| rule.id.0), winner);
        }
    }
    Some(())
}
