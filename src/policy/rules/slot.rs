// SPDX-License-Identifier: GPL-2.0

//! Slots: devices by address, in the syntax of xen-pciback.

use super::{
    builder::{
        Field, //
        RuleBuilder,
    },
    param::BadParam,
    ParseError,
    Spec, //
};
use kernel::{
    prelude::*,
    str::CString, //
};

/// Which bus a slot is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SlotBus {
    /// A slot is an address, `[DDDD:]BB:SS.F` in hexadecimal digits; SS and F can be `*`.
    Pci,
    /// A slot is the name of a device, or a pattern.
    Platform,
}

impl SlotBus {
    /// The bus's name.
    pub(crate) fn name(self) -> &'static [u8] {
        match self {
            Self::Pci => b"pci",
            Self::Platform => b"platform",
        }
    }
}

/// A slot: the pattern of the names of the devices in it.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) bus: SlotBus,
    device: CString,
}

impl PartialEq for Slot {
    fn eq(&self, other: &Self) -> bool {
        self.bus == other.bus && self.device() == other.device()
    }
}

impl Slot {
    /// Reads a slot.
    pub(crate) fn parse(bus: SlotBus, text: &[u8]) -> Result<Self, BadParam> {
        let device = match bus {
            SlotBus::Pci => pci_address(text)?,
            SlotBus::Platform => {
                if text.is_empty() {
                    return Err(BadParam::new(0, "a device expected"));
                }
                Field::Device
                    .check(text)
                    .map_err(|ParseError(at)| BadParam::new(at, "no valid name"))?;
                // Checked: printable ASCII only.
                let text = core::str::from_utf8(text).unwrap_or_default();

                CString::try_from_fmt(fmt!("{text}")).map_err(BadParam::no_memory)?
            }
        };

        Ok(Self { bus, device })
    }

    /// The names of the devices in this slot: a pattern, and what is shown for it.
    pub(crate) fn device(&self) -> &[u8] {
        self.device.to_bytes()
    }

    /// The rule that gives the devices in this slot to `driver`.
    pub(crate) fn spec(&self, driver: &[u8]) -> Result<Spec> {
        let mut builder = RuleBuilder::default();

        builder.set(Field::Bus, self.bus.name())?;
        builder.set(Field::Device, self.device())?;
        builder.set(Field::Driver, driver)?;
        Ok(builder.compile(b"slot")?)
    }
}

/// Reads the module parameter `slots=`: `(SLOT)(SLOT)...`, where a SLOT is a PCI address, or
/// `platform/` and the name of a device.
pub(crate) fn parse_param(text: &[u8]) -> Result<KVec<Slot>, BadParam> {
    const PLATFORM: &[u8] = b"platform/";

    let mut slots = KVec::new();
    let mut at = 0;

    while let Some(&first) = text.get(at) {
        if first != b'(' {
            return Err(BadParam::new(at, "'(' expected"));
        }

        let start = at + 1;
        let rest = text.get(start..).unwrap_or_default();
        let len = match rest.iter().position(|&c| matches!(c, b'(' | b')')) {
            Some(len) if rest.get(len) == Some(&b')') => len,
            Some(len) => return Err(BadParam::new(start + len, "')' expected")),
            None => return Err(BadParam::new(text.len(), "')' expected")),
        };
        let slot = rest.get(..len).unwrap_or_default();
        let (bus, offset) = match slot.strip_prefix(PLATFORM) {
            Some(_) => (SlotBus::Platform, PLATFORM.len()),
            None => (SlotBus::Pci, 0),
        };
        let slot = Slot::parse(bus, slot.get(offset..).unwrap_or_default())
            .map_err(|bad| BadParam::new(start + offset + bad.at.0, bad.reason))?;

        slots.push(slot, GFP_KERNEL).map_err(BadParam::no_memory)?;
        at = start + len + 1;
    }
    Ok(slots)
}

/// A reader of numbers and separators.
struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn literal(&mut self, c: u8, reason: &'static str) -> Result<(), BadParam> {
        if self.peek() != Some(c) {
            return Err(BadParam::new(self.at, reason));
        }
        self.at += 1;
        Ok(())
    }

    /// Reads a hexadecimal number up to `max`.
    fn number(&mut self, max: u32) -> Result<u32, BadParam> {
        let start = self.at;
        let mut value = 0u32;

        while let Some(digit) = self.peek().and_then(|c| char::from(c).to_digit(16)) {
            value = value.saturating_mul(16).saturating_add(digit);
            if value > max {
                return Err(BadParam::new(self.at, "number too large"));
            }
            self.at += 1;
        }
        if self.at == start {
            return Err(BadParam::new(start, "hexadecimal digit expected"));
        }
        Ok(value)
    }

    /// Reads a number, or `*` for all.
    fn number_or_all(&mut self, max: u32) -> Result<Option<u32>, BadParam> {
        if self.peek() == Some(b'*') {
            self.at += 1;
            return Ok(None);
        }
        self.number(max).map(Some)
    }
}

/// Reads a PCI address and writes it as the bus names its devices.
fn pci_address(text: &[u8]) -> Result<CString, BadParam> {
    const MAX_BUS: u32 = 0xff;
    const MAX_DEVICE: u32 = 0x1f;
    const MAX_FUNCTION: u32 = 7;

    let mut reader = Reader { text, at: 0 };
    let colons = text.iter().filter(|&&c| c == b':').count();

    let domain = if colons > 1 {
        let domain = reader.number(u32::MAX >> 1)?;
        reader.literal(b':', "':' expected")?;
        domain
    } else {
        0
    };
    let bus = reader.number(MAX_BUS)?;
    reader.literal(b':', "':' expected")?;
    let device = reader.number_or_all(MAX_DEVICE)?;
    reader.literal(b'.', "'.' expected")?;
    let function = reader.number_or_all(MAX_FUNCTION)?;
    if reader.at != text.len() {
        return Err(BadParam::new(reader.at, "end of the address expected"));
    }

    match (device, function) {
        (Some(d), Some(f)) => CString::try_from_fmt(fmt!("{domain:04x}:{bus:02x}:{d:02x}.{f}")),
        (Some(d), None) => CString::try_from_fmt(fmt!("{domain:04x}:{bus:02x}:{d:02x}.*")),
        (None, Some(f)) => CString::try_from_fmt(fmt!("{domain:04x}:{bus:02x}:*.{f}")),
        (None, None) => CString::try_from_fmt(fmt!("{domain:04x}:{bus:02x}:*.*")),
    }
    .map_err(BadParam::no_memory)
}

#[kunit_tests(overdrive_slot)]
mod tests {
    use super::*;

    fn pci(text: &[u8]) -> Result<Slot, usize> {
        Slot::parse(SlotBus::Pci, text).map_err(|bad| bad.at.0)
    }

    fn is(text: &[u8], device: &[u8]) -> bool {
        pci(text).is_ok_and(|slot| slot.device() == device)
    }

    #[test]
    fn addresses() {
        assert!(is(b"0000:01:04.3", b"0000:01:04.3"));
        assert!(is(b"1:4.0", b"0000:01:04.0"));
        assert!(is(b"10000:E1:1f.7", b"10000:e1:1f.7"));
        assert!(is(b"0000:01:04.*", b"0000:01:04.*"));
        assert!(is(b"0000:01:*.3", b"0000:01:*.3"));
        assert!(is(b"01:*.*", b"0000:01:*.*"));
    }

    #[test]
    fn first_bad_character() {
        let bad = |text: &[u8]| pci(text).err();

        assert!(bad(b"") == Some(0));
        assert!(bad(b"0000:01:04.d") == Some(11));
        assert!(bad(b"0000:01:04.8") == Some(11));
        assert!(bad(b"0000:01:20.0") == Some(9));
        assert!(bad(b"0000:100:00.0") == Some(7));
        assert!(bad(b"0000:01:04") == Some(10));
        assert!(bad(b"0000:01:04.0x") == Some(12));
        assert!(bad(b"0000:*:04.0") == Some(5));
    }

    #[test]
    fn params() {
        let bad = |text: &[u8]| parse_param(text).err().map(|bad| bad.at.0);

        assert!(parse_param(b"(01:04.0)(platform/a.0)").is_ok_and(|slots| slots.len() == 2));
        assert!(parse_param(b"").is_ok_and(|slots| slots.is_empty()));
        assert!(bad(b"01:04.0") == Some(0));
        assert!(bad(b"(01:04.0") == Some(8));
        assert!(bad(b"(01:04.0)(01:g.0)") == Some(13));
        assert!(bad(b"(platform/)") == Some(10));
        assert!(bad(b"(01:04.0)x") == Some(9));
    }
}
