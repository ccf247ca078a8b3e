// SPDX-License-Identifier: GPL-2.0

//! Indices of virtual functions.

use super::{
    reader::Reader,
    text::{
        append,
        Canonical, //
    }, //
};
use crate::policy::rules::ParseError;
use kernel::prelude::*;

/// Indices of virtual functions, `N[-N][,N[-N]]*` in decimal digits: in ascending order, and with as
/// few ranges as possible.
pub(in crate::policy::rules) fn indices(text: &[u8]) -> Canonical {
    let mut ranges = KVec::<(u16, u16)>::new();
    let mut reader = Reader::new(text);

    loop {
        let start = reader.at;
        let first = reader.decimal()?;
        let last = match reader.peek() {
            Some(b'-') => {
                reader.at += 1;
                reader.decimal()?
            }
            _ => first,
        };

        if last < first {
            return Err(ParseError::new(start, "the range is empty"));
        }
        // The first range that this one comes before, or meets.
        let at = ranges.iter().position(|it| first <= it.0);
        let at = at.unwrap_or(ranges.len());
        ranges.reserve(1, GFP_KERNEL)?;
        let _ = ranges.insert_within_capacity(at, (first, last));

        match reader.peek() {
            Some(b',') => reader.at += 1,
            _ => break,
        }
    }
    reader.end()?;

    let mut out = KVec::new();
    let mut ranges = ranges.iter().copied().peekable();
    while let Some((first, mut last)) = ranges.next() {
        while let Some((_, end)) = ranges.next_if(|it| it.0 <= last.saturating_add(1)) {
            last = last.max(end);
        }
        if !out.is_empty() {
            out.push(b',', GFP_KERNEL)?;
        }
        append(&mut out, fmt!("{first}"))?;
        if last != first {
            append(&mut out, fmt!("-{last}"))?;
        }
    }
    Ok(out)
}

/// Returns `true` if the canonical `indices` have `index` among them.
pub(in crate::policy::rules) fn has_index(indices: &[u8], index: u16) -> bool {
    indices.split(|&c| c == b',').any(|range| {
        let mut reader = Reader::new(range);
        let Ok(first) = reader.decimal() else {
            return false;
        };
        let last = match reader.peek() {
            Some(_) => {
                reader.at += 1;
                reader.decimal().unwrap_or(first)
            }
            None => first,
        };

        (first..=last).contains(&index)
    })
}
