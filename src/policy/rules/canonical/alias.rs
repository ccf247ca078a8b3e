// SPDX-License-Identifier: GPL-2.0

//! Module aliases.

use super::text::{
    is_id,
    Canonical, //
};
use crate::policy::rules::{
    pattern::{
        set_len,
        Pattern, //
    },
    ParseError, //
};
use kernel::prelude::*;

/// The keys of the module aliases of a bus, in their order, with the number of digits after each.
pub(super) type AliasKeys = &'static [(&'static [u8], usize)];

/// The prefixes of the buses whose aliases consist of keys and numbers. An alias has all keys.
pub(super) const ALIASES: [(&[u8], AliasKeys); 4] = [
    (
        b"pci:",
        &[
            (b"v", 8),
            (b"d", 8),
            (b"sv", 8),
            (b"sd", 8),
            (b"bc", 2),
            (b"sc", 2),
            (b"i", 2),
        ],
    ),
    (
        b"usb:",
        &[
            (b"v", 4),
            (b"p", 4),
            (b"d", 4),
            (b"dc", 2),
            (b"dsc", 2),
            (b"dp", 2),
            (b"ic", 2),
            (b"isc", 2),
            (b"ip", 2),
            (b"in", 2),
        ],
    ),
    (b"virtio:", &[(b"d", 8), (b"v", 8)]),
    (b"hid:", &[(b"b", 4), (b"g", 4), (b"v", 8), (b"p", 8)]),
];

/// A pattern of module aliases; the digits of PCI's and USB's are of upper case, and patterns that no
/// alias of theirs can match are refused.
pub(in crate::policy::rules) fn modalias(text: &[u8]) -> Canonical {
    if is_id(text) {
        return Err(ParseError::new(
            0,
            "an ID is no alias: use pci:v0000VVVVd0000DDDD* or usb:vVVVVpPPPP*",
        ));
    }
    if text.starts_with(b"vfio_pci:") {
        return Err(ParseError::new(
            0,
            "an alias of drivers: those of devices begin with pci:",
        ));
    }
    let mut out = Pattern::canonical(text)?;

    for (bus, keys) in ALIASES {
        match out.get(..bus.len()) {
            Some(start) if start == bus => Alias::new(&mut out, bus.len(), keys).canonical()?,
            Some(start) if start.eq_ignore_ascii_case(bus) => {
                return Err(ParseError::new(0, "an alias begins in lower case"));
            }
            _ => {}
        }
    }
    Pattern::check(&out)?;
    Ok(out)
}

/// A pattern of the aliases of one bus that is being read.
struct Alias<'a> {
    text: &'a mut [u8],
    at: usize,
    /// The keys that can still come.
    keys: AliasKeys,
}

impl<'a> Alias<'a> {
    fn new(text: &'a mut [u8], at: usize, keys: AliasKeys) -> Self {
        Self { text, at, keys }
    }

    /// Makes the digits upper case.
    ///
    /// Where a key is due, there is one. After a `*` any key that is left can come, and a digit before
    /// it: what can be a key is one, the longest that fits, if what follows can be its digits.
    ///
    /// # Errors
    ///
    /// The first character that no alias has there.
    fn canonical(mut self) -> Result<(), ParseError> {
        let mut is_free = false;

        while let Some(&c) = self.text.get(self.at) {
            if c == b'*' {
                is_free = true;
                self.at += 1;
            } else if let Some((next, digits)) = self.key(is_free) {
                self.at = digits;
                self.keys = self.keys.get(next + 1..).unwrap_or_default();
                is_free = false;
            } else if is_free || matches!(c, b'?' | b'[') {
                // A digit, or a part of a key.
                self.at = self.digits(self.at, 1).unwrap_or(self.at + 1);
                is_free = true;
            } else {
                return Err(self.bad("the next key with its digits, or *, expected"));
            }
        }
        match is_free || self.keys.is_empty() {
            true => Ok(()),
            false => Err(self.bad("the alias goes on: * expected")),
        }
    }

    fn bad(&self, reason: &'static str) -> ParseError {
        ParseError::new(self.at, reason)
    }

    /// Reads a key with its digits. Returns its index among those that are left, and the end of the
    /// digits; nothing is changed if there is none.
    fn key(&mut self, is_free: bool) -> Option<(usize, usize)> {
        let most = if is_free { self.keys.len() } else { 1 };
        let rest = self.text.get(self.at..).unwrap_or_default();
        let left = self.keys.iter().take(most).enumerate();
        let fitting = left.filter(|(_, (key, _))| rest.starts_with(key));
        let (next, &(key, digits)) = fitting.max_by_key(|(_, (key, _))| key.len())?;

        Some((next, self.digits(self.at + key.len(), digits)?))
    }

    /// Makes so many digits from `start` on upper case, each of which can be of a pattern; fewer before
    /// a `*`. Returns where they end.
    ///
    /// Returns [`None`], and changes nothing, if there is something else.
    fn digits(&mut self, start: usize, count: usize) -> Option<usize> {
        let mut end = start;

        for _ in 0..count {
            end += match self.text.get(end..)? {
                [b'*', ..] => break,
                [b'?', ..] => 1,
                // Both brackets belong to it.
                [b'[', set @ ..] => set_len(set)? + 2,
                [c, ..] if c.is_ascii_hexdigit() => 1,
                _ => return None,
            };
        }
        self.text.get_mut(start..end)?.make_ascii_uppercase();
        Some(end)
    }
}
