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
        set_len,
        Pattern, //
    },
    ParseError, //
};
use crate::driver_name::DriverName;
use core::ops::Range;
use kernel::{
    fmt,
    prelude::*,
    str::CString, //
};

/// The bus of PCI devices.
pub(super) const PCI: &[u8] = b"pci";

/// The bus of USB devices and their interfaces.
pub(super) const USB: &[u8] = b"usb";

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

/// The name of a bus. Those of PCI and USB can be written in any case.
pub(super) fn bus(text: &[u8]) -> Canonical {
    match [PCI, USB]
        .into_iter()
        .find(|it| it.eq_ignore_ascii_case(text))
    {
        Some(name) => copy(name),
        None => checked(text, "no character of a bus's name", |c| {
            is_word(c) && !b"*?[".contains(&c)
        }),
    }
}

/// `0` and `1`; a flag that is not set is as one that was never given.
pub(super) fn flag(text: &[u8]) -> Canonical {
    match text {
        b"0" => Ok(KVec::new()),
        b"1" => copy(text),
        _ => Err(ParseError::new(0, "0 or 1 expected")),
    }
}

/// The name of a driver, or one of the words that stand for one, in any case.
pub(super) fn driver(text: &[u8]) -> Canonical {
    const WORDS: [&[u8]; 3] = [DriverName::NONE, driver_word::GROUP, driver_word::STANDARD];

    if let Some(word) = WORDS
        .into_iter()
        .find(|word| word.eq_ignore_ascii_case(text))
    {
        return copy(word);
    }
    let text = checked(text, "no character of a driver's name", |c| {
        is_printable(c) && c != b'/'
    })?;

    match &text[..] {
        // No driver has such a name: it is a word that this module does not know.
        [b'@', ..] => Err(ParseError::new(0, "@group or @standard expected")),
        name if DriverName::is_valid(name) => Ok(text),
        _ => Err(ParseError::new(0, "no driver's name")),
    }
}

/// Refuses a blank before or after a text: no name has one, so that it is a slip.
///
/// A pattern can end in `\\` and a blank.
pub(super) fn no_blanks_around(text: &[u8]) -> Result<(), ParseError> {
    match text {
        [b' ', ..] => Err(ParseError::new(0, "a blank before the value")),
        [.., b'\\', b' '] => Ok(()),
        [rest @ .., b' '] => Err(ParseError::new(rest.len(), "a blank after the value")),
        _ => Ok(()),
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
    if let Some(at) = text.iter().position(|&c| c == b'/') {
        return Err(ParseError::new(
            at,
            "a device's name has no '/': a PCI path is one of path=",
        ));
    }
    no_bus_before(text)?;
    nothing_after_address(text)?;
    let text = Pattern::canonical(text)?;
    match Address::of(&text) {
        Some(address) => address.canonical(&text),
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
    if let Some(at) = text.iter().position(|c| b"*?[".contains(c)) {
        return Err(ParseError::new(at, "one name expected, no pattern"));
    }
    no_bus_before(text)?;
    nothing_after_address(text)?;
    match Address::of(text) {
        Some(address) => address.canonical(text),
        None => checked(text, "no character of a device's name", is_printable),
    }
}

/// Refuses a comment, or another address, after an address.
fn nothing_after_address(text: &[u8]) -> Result<(), ParseError> {
    let end = text.iter().position(|c| b" #,;".contains(c));

    match end.filter(|&end| text.get(..end).is_some_and(is_address)) {
        Some(end) => Err(ParseError::new(end, "the address alone expected")),
        None => Ok(()),
    }
}

/// Refuses `pci:` before an address, and the beginning of an alias.
fn no_bus_before(text: &[u8]) -> Result<(), ParseError> {
    if ALIASES.iter().any(|(bus, _)| text.starts_with(bus)) && !text.starts_with(b"pci:") {
        return Err(ParseError::new(0, "an alias is no name: use modalias="));
    }
    match text.split_at_checked(PCI.len()) {
        Some((PCI, [b':', b'v', ..])) => {
            Err(ParseError::new(0, "an alias is no name: use modalias="))
        }
        Some((bus, [b':', address @ ..]))
            if bus.eq_ignore_ascii_case(PCI) && Address::of(address).is_some() =>
        {
            Err(ParseError::new(0, "the address alone expected"))
        }
        _ => Ok(()),
    }
}

/// Returns `true` for a vendor and device ID, as `lspci -n` prints it.
fn is_id(text: &[u8]) -> bool {
    let is_part = |part: &[u8]| part.len() == 4 && is_number(part, 4);

    match text.split_at_checked(4) {
        Some((vendor, [b':', device @ ..])) => is_part(vendor) && is_part(device),
        _ => false,
    }
}

/// Returns `true` for one to `most` hexadecimal digits.
fn is_number(text: &[u8], most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.iter().all(u8::is_ascii_hexdigit)
}

/// Returns `true` for a pattern of digits that is no number.
fn is_glob(text: &[u8]) -> bool {
    let fits = |c: &u8| c.is_ascii_hexdigit() || b"*?[]-!^".contains(c);

    text.iter().all(fits) && text.iter().any(|c| b"*?[".contains(c))
}

/// The parts of an address, `[DDDD:]BB:DD.F`, as the ends of their texts.
///
/// Each can be a number or, in a pattern, one of numbers; after a domain and the number of a bus, one
/// pattern can be both device and function.
struct Address {
    domain: Option<usize>,
    bus: usize,
    device: usize,
}

impl Address {
    const MIN_DOMAIN: usize = 4;
    const MAX_DOMAIN: usize = 8;

    /// Returns the parts, if `text` is meant to be an address: other buses have names of hexadecimal
    /// digits, colons and a dot as well. `046D:C52B.0001` is one of HID, `00:04` of PNP, `1-1:1.0` of
    /// USB. So numbers that are too large by a digit make an address which is refused, and others a
    /// name that stands for itself.
    fn of(text: &[u8]) -> Option<Self> {
        let mut parts = text.rsplitn(3, |&c| c == b':');
        let (rest, bus, domain) = (parts.next()?, parts.next()?, parts.next());
        let domain_end = domain.map(<[u8]>::len);
        let bus_end = bus.len() + domain_end.map_or(0, |end| end + 1);
        let is_domain = |it: &[u8]| is_number(it, Self::MAX_DOMAIN) || is_glob(it);
        let is_its = |it: &[u8], most| is_number(it, most) || is_glob(it);

        let (fits, device) = match rest.iter().position(|&c| c == b'.') {
            Some(dot) => {
                let (device, function) = (rest.get(..dot)?, rest.get(dot + 1..)?);
                // Where the bus is of a pattern, the names of HID devices could be meant as well,
                // unless the device is a number.
                let bus_fits = is_number(bus, 3) || (is_glob(bus) && is_number(device, 3));

                (
                    bus_fits
                        && domain.map_or(is_number(bus, 3), is_domain)
                        && is_its(device, 3)
                        && is_its(function, 2),
                    device,
                )
            }
            None => (
                domain.is_some_and(|it| it.len() >= Self::MIN_DOMAIN && is_domain(it))
                    && is_number(bus, 2)
                    && is_its(rest, 2),
                rest,
            ),
        };

        fits.then_some(Self {
            domain: domain_end,
            bus: bus_end,
            device: bus_end + 1 + device.len(),
        })
    }

    /// Returns the address with its domain, in the digits that the bus names its devices with.
    fn canonical(&self, text: &[u8]) -> Canonical {
        let mut out = KVec::new();
        let bus = match self.domain {
            Some(end) => {
                part(&mut out, text, 0..end, Reader::MAX_DOMAIN, 4)?;
                end + 1
            }
            None => {
                out.extend_from_slice(b"0000", GFP_KERNEL)?;
                0
            }
        };
        out.push(b':', GFP_KERNEL)?;
        part(&mut out, text, bus..self.bus, Reader::MAX_BUS, 2)?;
        out.push(b':', GFP_KERNEL)?;
        part(
            &mut out,
            text,
            self.bus + 1..self.device,
            Reader::MAX_DEVICE,
            2,
        )?;
        if self.device < text.len() {
            out.push(b'.', GFP_KERNEL)?;
            part(
                &mut out,
                text,
                self.device + 1..text.len(),
                Reader::MAX_FUNCTION,
                1,
            )?;
        } else if is_number(text.get(self.bus + 1..).unwrap_or_default(), 2) {
            return Err(ParseError::new(text.len(), "'.' and a function expected"));
        }
        // A range of digits can have been one only because of their case.
        Pattern::check(&out)?;
        Ok(out)
    }
}

/// Returns `true` for a canonical text that is an address.
pub(super) fn is_address(text: &[u8]) -> bool {
    Address::of(text).is_some()
}

/// Appends a part of an address: a number up to `max` with at least `width` digits, or a pattern.
fn part(
    out: &mut KVec<u8>,
    text: &[u8],
    range: Range<usize>,
    max: u32,
    width: usize,
) -> Result<(), ParseError> {
    let start = range.start;
    let part = text.get(range).unwrap_or_default();

    if is_glob(part) {
        for c in part {
            out.push(c.to_ascii_lowercase(), GFP_KERNEL)?;
        }
        return Ok(());
    }
    let number = Reader::new(part).number(max);
    let number = number.map_err(|bad| bad.after(start))?;

    append(out, fmt!("{number:0width$x}"))
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

/// The places where Linux shows the device tree.
const DEVICE_TREES: [&[u8]; 2] = [b"/sys/firmware/devicetree/base", b"/proc/device-tree"];

/// The path of a firmware node: of ACPI's namespace, of the device tree, or of software.
///
/// In ACPI's namespace, names are of upper case and without the underscores that fill them up to four
/// characters. The `\` before the first can be left out where that is `_SB`. Nodes of the device tree can
/// be given as Linux shows them.
pub(super) fn firmware(text: &[u8]) -> Canonical {
    // A shell may have left two.
    let root = text.iter().take(2).take_while(|&&c| c == b'\\').count();

    if let Some(at) = text.iter().position(|c| b"*?".contains(c)) {
        return Err(ParseError::new(at, "one path expected, no pattern"));
    }
    if root != 0 || is_system_bus(text) {
        return acpi_path(text, root);
    }
    let mut out = checked(text, "no character of a firmware node's path", is_printable)?;
    let in_tree = DEVICE_TREES
        .iter()
        .find_map(|tree| text.strip_prefix(*tree));

    match in_tree {
        Some(b"") => return copy(b"/"),
        Some(path @ [b'/', ..]) => out = copy(path)?,
        _ => {}
    }
    let cut = text.len() - out.len();
    // No node of the device tree but the root has an empty name.
    let empty = out.windows(2).position(|pair| pair == b"//");
    let empty = empty.or_else(|| (out.len() > 1 && out.ends_with(b"/")).then(|| out.len() - 1));

    match empty {
        Some(at) => Err(ParseError::new(cut + at + 1, "a node's name expected")),
        None => Ok(out),
    }
}

/// Returns `true` for a path whose first name is `_SB`.
fn is_system_bus(text: &[u8]) -> bool {
    let first = text.split(|&c| c == b'.').next().unwrap_or_default();

    [&b"_SB"[..], b"_SB_"]
        .into_iter()
        .any(|name| name.eq_ignore_ascii_case(first))
}

/// A path in ACPI's namespace, whose names begin at `start`.
fn acpi_path(text: &[u8], start: usize) -> Canonical {
    const MIN_NAME: usize = 2;
    const MAX_NAME: usize = 4;

    let mut out = KVec::new();
    let mut at = start;
    let names = text.get(start..).unwrap_or_default();

    out.push(b'\\', GFP_KERNEL)?;
    if names.is_empty() {
        return Ok(out);
    }
    for name in names.split(|&c| c == b'.') {
        let bad = name
            .iter()
            .position(|&c| !c.is_ascii_alphanumeric() && c != b'_');
        let mut short = name;

        if let Some(bad) = bad {
            return Err(ParseError::new(at + bad, "no character of an ACPI name"));
        }
        if !(1..=MAX_NAME).contains(&name.len()) {
            return Err(ParseError::new(
                at,
                "an ACPI name has one to four characters",
            ));
        }
        while let [shorter @ .., b'_'] = short {
            if short.len() <= MIN_NAME {
                break;
            }
            short = shorter;
        }
        if at != start {
            out.push(b'.', GFP_KERNEL)?;
        }
        for c in short {
            out.push(c.to_ascii_uppercase(), GFP_KERNEL)?;
        }
        at += name.len() + 1;
    }
    Ok(out)
}

/// A serial number.
///
/// Sixteen hexadecimal digits are a PCIe Device Serial Number, however they are grouped, and written
/// as `lspci` does: in pairs, with `-` in between. All else is a text that stands for itself, without
/// the blanks around it that some USB devices have.
pub(crate) fn serial(text: &[u8]) -> Canonical {
    let text_alone = text.trim_ascii();
    let Some(digits) = dsn_digits(text_alone) else {
        return match text_alone {
            b"" => Err(ParseError::new(0, "a serial number expected")),
            _ => checked(text_alone, "no character of a serial number", is_printable),
        };
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
    let groups = || digits.split(|c| b"-:. ".contains(c));
    let count = groups().count();
    let fits =
        |group: &[u8]| group.len() * count == DSN_DIGITS && group.iter().all(u8::is_ascii_hexdigit);

    groups().all(fits).then_some(digits)
}

/// The keys of the module aliases of a bus, in their order, with the number of digits after each.
type AliasKeys = &'static [(&'static [u8], usize)];

/// The prefixes of the buses whose aliases consist of keys and numbers. An alias has all keys.
const ALIASES: [(&[u8], AliasKeys); 4] = [
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
pub(super) fn modalias(text: &[u8]) -> Canonical {
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
    pub(super) const MAX_DOMAIN: u32 = u32::MAX >> 1;
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
        let domain = self.number(Self::MAX_DOMAIN)?;

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
