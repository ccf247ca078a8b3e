// SPDX-License-Identifier: GPL-2.0

//! Canonical forms: one way to write each thing.
//!
//! What a user writes is made canonical when it is written, and what a device has is in the same form,
//! so that texts that mean the same are the same. Making a canonical text canonical changes nothing.
//! What can match no device is refused, with the form that works.

use super::{
    driver_word,
    pattern::{
        is_printable,
        Pattern, //
    },
    ParseError, //
};
use crate::driver_name::DriverName;
use kernel::{
    fmt,
    prelude::*,
    str::CString, //
};

type Canonical = Result<KVec<u8>, ParseError>;

fn copy(text: &[u8]) -> Canonical {
    let mut copy = KVec::with_capacity(text.len(), GFP_KERNEL)?;

    copy.extend_from_slice(text, GFP_KERNEL)?;
    Ok(copy)
}

/// Copies `text` if all its characters are valid.
fn checked(text: &[u8], reason: &'static str, valid: fn(u8) -> bool) -> Canonical {
    match text.iter().position(|&c| !valid(c)) {
        Some(at) => Err(ParseError::new(at, reason)),
        None => copy(text),
    }
}

fn is_word(c: u8) -> bool {
    c.is_ascii_graphic() && c != b'/'
}

/// The name of a bus.
pub(super) fn bus(text: &[u8]) -> Canonical {
    checked(text, "no character of a bus's name", is_word)
}

/// `0` and `1`; a flag that is not set is as one that was never given.
pub(super) fn flag(text: &[u8]) -> Canonical {
    match text {
        b"0" => Ok(KVec::new()),
        b"1" => copy(text),
        _ => Err(ParseError::new(0, "0 or 1 expected")),
    }
}

/// The name of a driver, or one of the words that stand for one.
pub(super) fn driver(text: &[u8]) -> Canonical {
    let text = checked(text, "no character of a driver's name", |c| {
        is_printable(c) && c != b'/'
    })?;

    match &text[..] {
        DriverName::NONE | driver_word::GROUP | driver_word::STANDARD => Ok(text),
        // No driver has such a name: it is a word that this module does not know.
        [b'@', ..] => Err(ParseError::new(0, "@group or @standard expected")),
        name if DriverName::is_valid(name) => Ok(text),
        _ => Err(ParseError::new(0, "no driver's name")),
    }
}

/// The name of a device, or a pattern; names of PCI devices in any form that `lspci` prints.
pub(super) fn device(text: &[u8]) -> Canonical {
    if is_id(text) {
        return Err(ParseError::new(
            0,
            "an ID names no device: use modalias=pci:v0000VVVVd0000DDDD*",
        ));
    }
    let text = Pattern::canonical(text)?;
    match address_shape(&text) {
        Some(has_domain) => address_pattern(&text, has_domain),
        None => Ok(text),
    }
}

/// The name of a device that can be a PCI device's, or the path of one.
pub(super) fn place(text: &[u8]) -> Canonical {
    if text.contains(&b'/') {
        return path(text);
    }
    if is_id(text) {
        return Err(ParseError::new(0, "an ID names no device: use its address"));
    }
    if address_shape(text).is_some() && Pattern(text).is_literal() {
        return device(text);
    }
    checked(text, "no character of a device's name", is_printable)
}

/// Returns `true` for a vendor and device ID, as `lspci -n` prints it.
fn is_id(text: &[u8]) -> bool {
    match text {
        [vendor @ .., b':', _, _, _, _] if vendor.len() == 4 => {
            let hex = |part: &[u8]| part.iter().all(u8::is_ascii_hexdigit);

            hex(vendor) && text.get(5..).is_some_and(hex)
        }
        _ => false,
    }
}

/// Returns, for a text of the form `[DDDD:]BB:DD.F`, whether it has a domain.
///
/// Device and function can be of patterns; after a domain, one pattern can be both.
fn address_shape(text: &[u8]) -> Option<bool> {
    let hex = |part: &[u8]| part.iter().all(u8::is_ascii_hexdigit);
    let glob = |part: &[u8]| {
        let fits = |c: &u8| c.is_ascii_hexdigit() || b"*?[]-!^.".contains(c);

        !part.is_empty() && part.iter().all(fits)
    };
    let mut parts = text.rsplitn(3, |&c| c == b':');
    let (rest, bus, domain) = (parts.next()?, parts.next()?, parts.next());
    let bus_fits = bus.len() == 2 && hex(bus);
    let domain_fits = domain.is_none_or(|it| (4..=8).contains(&it.len()) && hex(it));
    let rest_fits = match rest.iter().position(|&c| c == b'.') {
        Some(dot) => {
            let (device, function) = (rest.get(..dot)?, rest.get(dot + 1..)?);
            // Where it is literal, a device has two digits, and a function one.
            let fits = |part: &[u8], len| glob(part) && (part.len() == len || !hex(part));

            fits(device, 2) && fits(function, 1)
        }
        None => domain.is_some() && glob(rest) && !hex(rest),
    };

    (bus_fits && domain_fits && rest_fits).then_some(domain.is_some())
}

/// An address in lower case, with its domain.
fn address_pattern(text: &[u8], has_domain: bool) -> Canonical {
    let mut out = KVec::new();

    if Pattern(text).is_literal() {
        let mut reader = Reader::new(text);

        reader.address(&mut out)?;
        reader.end()?;
        return Ok(out);
    }
    if !has_domain {
        out.extend_from_slice(b"0000:", GFP_KERNEL)?;
    }
    for c in text {
        out.push(c.to_ascii_lowercase(), GFP_KERNEL)?;
    }
    // A range of digits can have been one only because of their case.
    Pattern::check(&out)?;
    Ok(out)
}

/// A PCI path, `[DDDD:]BB:DD.F[/DD.F]*` in hexadecimal digits.
pub(super) fn path(text: &[u8]) -> Canonical {
    let mut out = KVec::new();
    let mut reader = Reader::new(text);

    reader.address(&mut out)?;
    while reader.peek() == Some(b'/') {
        reader.at += 1;
        out.push(b'/', GFP_KERNEL)?;
        reader.function(&mut out)?;
    }
    reader.end()?;
    Ok(out)
}

/// The path of a firmware node.
///
/// In ACPI's namespace, names are of upper case and without the underscores that fill them up to four
/// characters.
pub(super) fn firmware(text: &[u8]) -> Canonical {
    const MIN_NAME: usize = 2;

    let mut out = checked(text, "no character of a firmware node's path", is_printable)?;
    let Some((b'\\', names)) = text.split_first() else {
        return Ok(out);
    };

    out.clear();
    for (i, name) in names.split(|&c| c == b'.').enumerate() {
        let mut name = name;

        while let [short @ .., b'_'] = name {
            if name.len() <= MIN_NAME {
                break;
            }
            name = short;
        }
        out.push(if i == 0 { b'\\' } else { b'.' }, GFP_KERNEL)?;
        for c in name {
            out.push(c.to_ascii_uppercase(), GFP_KERNEL)?;
        }
    }
    Ok(out)
}

/// A serial number.
///
/// Sixteen hexadecimal digits are a PCIe Device Serial Number, however they are grouped, and written
/// as `lspci` does: in pairs, with `-` in between. All else is a text that stands for itself.
pub(crate) fn serial(text: &[u8]) -> Canonical {
    let Some(digits) = dsn_digits(text) else {
        return checked(text, "no character of a serial number", is_printable);
    };
    let mut out = KVec::with_capacity(DSN_DIGITS + DSN_DIGITS / 2 - 1, GFP_KERNEL)?;

    for (i, digit) in digits.iter().filter(|c| c.is_ascii_hexdigit()).enumerate() {
        if i != 0 && i % 2 == 0 {
            out.push(b'-', GFP_KERNEL)?;
        }
        out.push(digit.to_ascii_lowercase(), GFP_KERNEL)?;
    }
    Ok(out)
}

const DSN_DIGITS: usize = 16;

/// The digits of a Device Serial Number, in groups of equal length.
fn dsn_digits(text: &[u8]) -> Option<&[u8]> {
    let digits = match text {
        [b'0', b'x' | b'X', digits @ ..] => digits,
        digits => digits,
    };
    let separator = digits.iter().copied().find(|c| !c.is_ascii_hexdigit());
    let is_separator = |c: &u8| Some(*c) == separator && b"-:. ".contains(c);
    let mut groups = digits.split(is_separator);
    let count = digits.split(is_separator).count();
    let fits =
        |group: &[u8]| group.len() * count == DSN_DIGITS && group.iter().all(u8::is_ascii_hexdigit);

    groups.all(fits).then_some(digits)
}

/// The keys of the module aliases of a bus, in their order, with the most digits that follow each.
type AliasKeys = &'static [(&'static [u8], usize)];

const ALIASES: [(&[u8], AliasKeys); 2] = [
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
];

/// A pattern of module aliases; the digits of PCI's and USB's are of upper case.
pub(super) fn modalias(text: &[u8]) -> Canonical {
    if is_id(text) {
        return Err(ParseError::new(
            0,
            "an ID is no alias: use pci:v0000VVVVd0000DDDD* or usb:vVVVVpPPPP*",
        ));
    }
    let mut out = Pattern::canonical(text)?;
    for (bus, keys) in ALIASES {
        if text.starts_with(bus) {
            upper_case_digits(&mut out, bus.len(), keys);
        }
    }
    Pattern::check(&out)?;
    Ok(out)
}

/// Makes the digits between the keys of an alias upper case.
///
/// Keys are of lower case. So is a digit that is taken for one: but where a key can be, there is one,
/// or a text that no alias has.
fn upper_case_digits(alias: &mut [u8], start: usize, keys: AliasKeys) {
    let (mut at, mut keys) = (start, keys);
    // No key was left out since the last one that was found.
    let mut is_next = true;

    while let Some(rest) = alias.get(at..).filter(|rest| !rest.is_empty()) {
        let fits = |(_, (key, _)): &(usize, &(&[u8], usize))| rest.starts_with(key);
        // The next one, or the longest: `dc` is no `d`, other than where a `d` is due.
        let next = keys
            .iter()
            .enumerate()
            .take(usize::from(is_next))
            .find(fits);
        let longest = || {
            let fitting = keys.iter().enumerate().filter(fits);

            fitting.max_by_key(|(_, (key, _))| key.len())
        };
        let key = next.or_else(longest);
        let most = match key {
            Some((i, &(key, digits))) => {
                at += key.len();
                keys = keys.get(i + 1..).unwrap_or_default();
                is_next = true;
                digits
            }
            None => {
                // A set of digits, whole, or one character of whatever it is.
                let set = rest.strip_prefix(b"[");

                is_next &= !rest.starts_with(b"*");
                set.and_then(|set| Some(set.iter().skip(1).position(|&c| c == b']')? + 3))
                    .unwrap_or(1)
            }
        };
        let in_set = key.is_none() && most > 1;

        for _ in 0..most {
            match alias.get_mut(at) {
                Some(c) if c.is_ascii_hexdigit() => *c = c.to_ascii_uppercase(),
                Some(_) if in_set => {}
                _ if key.is_some() => break,
                _ => {}
            }
            at += 1;
        }
    }
}

/// Indices of virtual functions, `N[-N][,N[-N]]*` in decimal digits: in ascending order, and with as
/// few ranges as possible.
pub(super) fn indices(text: &[u8]) -> Canonical {
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
pub(super) fn has_index(indices: &[u8], index: u16) -> bool {
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

fn append(out: &mut KVec<u8>, text: fmt::Arguments<'_>) -> Result<(), ParseError> {
    let text = CString::try_from_fmt(text).map_err(|_| ParseError::no_memory())?;

    Ok(out.extend_from_slice(text.to_bytes(), GFP_KERNEL)?)
}

/// A reader of numbers and separators.
pub(super) struct Reader<'a> {
    text: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Reader<'a> {
    pub(super) const MAX_BUS: u32 = 0xff;
    pub(super) const MAX_DEVICE: u32 = 0x1f;
    pub(super) const MAX_FUNCTION: u32 = 7;

    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    pub(super) fn literal(&mut self, c: u8, reason: &'static str) -> Result<(), ParseError> {
        if self.peek() != Some(c) {
            return Err(ParseError::new(self.at, reason));
        }
        self.at += 1;
        Ok(())
    }

    /// Reads a hexadecimal number up to `max`.
    pub(super) fn number(&mut self, max: u32) -> Result<u32, ParseError> {
        let start = self.at;
        let mut value = 0u32;

        while let Some(digit) = self.peek().and_then(|c| char::from(c).to_digit(16)) {
            value = value.saturating_mul(16).saturating_add(digit);
            if value > max {
                return Err(ParseError::new(self.at, "number too large"));
            }
            self.at += 1;
        }
        if self.at == start {
            return Err(ParseError::new(start, "hexadecimal digit expected"));
        }
        Ok(value)
    }

    /// Reads a number, or `*` for all.
    pub(super) fn number_or_all(&mut self, max: u32) -> Result<Option<u32>, ParseError> {
        if self.peek() == Some(b'*') {
            self.at += 1;
            return Ok(None);
        }
        self.number(max).map(Some)
    }

    fn decimal(&mut self) -> Result<u16, ParseError> {
        let start = self.at;
        let mut value = 0u16;

        while let Some(digit) = self.peek().filter(u8::is_ascii_digit) {
            value = value
                .checked_mul(10)
                .and_then(|value| value.checked_add(u16::from(digit - b'0')))
                .ok_or(ParseError::new(self.at, "number too large"))?;
            self.at += 1;
        }
        if self.at == start {
            return Err(ParseError::new(start, "digit expected"));
        }
        Ok(value)
    }

    /// Reads the domain, 0 if there is none, and the `:` after it.
    pub(super) fn domain(&mut self) -> Result<u32, ParseError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let address = rest.split(|&c| c == b'/').next().unwrap_or_default();

        if address.iter().filter(|&&c| c == b':').count() < 2 {
            return Ok(0);
        }
        let domain = self.number(u32::MAX >> 1)?;

        self.literal(b':', "':' expected")?;
        Ok(domain)
    }

    /// Reads `[DDDD:]BB:DD.F`, and appends it as the bus names its devices.
    fn address(&mut self, out: &mut KVec<u8>) -> Result<(), ParseError> {
        let domain = self.domain()?;
        let bus = self.number(Self::MAX_BUS)?;

        self.literal(b':', "':' expected")?;
        append(out, fmt!("{domain:04x}:{bus:02x}:"))?;
        self.function(out)
    }

    /// Reads `DD.F`.
    fn function(&mut self, out: &mut KVec<u8>) -> Result<(), ParseError> {
        let device = self.number(Self::MAX_DEVICE)?;

        self.literal(b'.', "'.' expected")?;
        let function = self.number(Self::MAX_FUNCTION)?;

        append(out, fmt!("{device:02x}.{function}"))
    }

    pub(super) fn end(&self) -> Result<(), ParseError> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(ParseError::new(self.at, "end of the text expected")),
        }
    }
}
