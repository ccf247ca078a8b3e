// SPDX-License-Identifier: GPL-2.0

//! Names of devices, and addresses and paths of PCI devices.

use super::{
    alias::ALIASES,
    reader::Reader,
    text::{
        append,
        checked,
        is_id,
        is_number,
        Canonical,
        PCI, //
    }, //
};
use crate::policy::rules::{
    pattern::{
        is_printable,
        Pattern, //
    },
    ParseError, //
};
use core::ops::Range;
use kernel::prelude::*;

/// The name of a device, or a pattern; names of PCI devices in any form that `lspci` prints.
pub(in crate::policy::rules) fn device(text: &[u8]) -> Canonical {
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
pub(in crate::policy::rules) fn place(text: &[u8]) -> Canonical {
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
pub(in crate::policy::rules) fn is_address(text: &[u8]) -> bool {
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
pub(in crate::policy::rules) fn path(text: &[u8]) -> Canonical {
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
