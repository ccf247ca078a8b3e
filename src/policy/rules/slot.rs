// SPDX-License-Identifier: GPL-2.0

//! Slots: devices by address, in the syntax of xen-pciback.

use super::{
    builder::RuleBuilder,
    canonical::Reader,
    field::Field,
    ParseError,
    Spec, //
};
use kernel::{
    prelude::*,
    str::CString, //
};

/// The bus that a slot is on.
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
    ///
    /// # Errors
    ///
    /// The first bad character, and the reason.
    pub(crate) fn parse(bus: SlotBus, text: &[u8]) -> Result<Self, ParseError> {
        let device = match bus {
            SlotBus::Pci => pci_address(text)?,
            SlotBus::Platform => {
                if text.is_empty() {
                    return Err(ParseError::new(0, "a device expected"));
                }
                let text = Field::Device.canonical(text)?;
                // Checked: printable ASCII only.
                let text = core::str::from_utf8(&text).unwrap_or_default();

                CString::try_from_fmt(fmt!("{text}")).map_err(|_| ParseError::no_memory())?
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

/// Calls `f` with each slot of the module parameter `slots=`, or the reason why it is none, until `f`
/// fails.
///
/// The text is `(SLOT)(SLOT)...`, where a SLOT is a PCI address, or `platform/` and the name of a
/// device. A slot that is bad costs that slot, up to its `)`.
///
/// # Errors
///
/// What `f` returned.
pub(crate) fn parse_param<E>(
    text: &[u8],
    mut f: impl FnMut(Result<Slot, ParseError>) -> Result<(), E>,
) -> Result<(), E> {
    let mut at = 0;

    while at < text.len() {
        let rest = text.get(at..).unwrap_or_default();
        // The end of this slot, or the beginning of the next.
        let next = |&c: &u8| matches!(c, b'(' | b')');
        let len = 1 + rest.iter().skip(1).position(next).unwrap_or(rest.len() - 1);
        let is_closed = rest.get(len) == Some(&b')');

        f(
            in_parentheses(rest.get(..len).unwrap_or_default(), is_closed)
                .map_err(|bad| bad.after(at)),
        )?;
        at += len + usize::from(is_closed);
    }
    Ok(())
}

/// Reads `(SLOT`, which is all of the text up to the `)`.
fn in_parentheses(text: &[u8], is_closed: bool) -> Result<Slot, ParseError> {
    const PLATFORM: &[u8] = b"platform/";

    let Some((b'(', slot)) = text.split_first() else {
        return Err(ParseError::new(0, "'(' expected"));
    };
    if !is_closed {
        return Err(ParseError::new(text.len(), "')' expected"));
    }

    match slot.strip_prefix(PLATFORM) {
        Some(name) => {
            Slot::parse(SlotBus::Platform, name).map_err(|bad| bad.after(1 + PLATFORM.len()))
        }
        None => Slot::parse(SlotBus::Pci, slot).map_err(|bad| bad.after(1)),
    }
}

/// Reads a PCI address and writes it as the bus names its devices.
fn pci_address(text: &[u8]) -> Result<CString, ParseError> {
    let mut reader = Reader::new(text);
    let domain = reader.domain()?;
    let bus = reader.number(Reader::MAX_BUS)?;
    reader.literal(b':', "':' expected")?;
    let device = reader.number_or_all(Reader::MAX_DEVICE)?;
    reader.literal(b'.', "'.' expected")?;
    let function = reader.number_or_all(Reader::MAX_FUNCTION)?;
    reader.end()?;

    match (device, function) {
        (Some(d), Some(f)) => CString::try_from_fmt(fmt!("{domain:04x}:{bus:02x}:{d:02x}.{f}")),
        (Some(d), None) => CString::try_from_fmt(fmt!("{domain:04x}:{bus:02x}:{d:02x}.*")),
        (None, Some(f)) => CString::try_from_fmt(fmt!("{domain:04x}:{bus:02x}:*.{f}")),
        (None, None) => CString::try_from_fmt(fmt!("{domain:04x}:{bus:02x}:*.*")),
    }
    .map_err(|_| ParseError::no_memory())
}

#[kunit_tests(overdrive_slot)]
mod tests {
    use super::*;

    fn pci(text: &[u8]) -> Result<Slot, usize> {
        Slot::parse(SlotBus::Pci, text).map_err(|bad| bad.at)
    }

    fn is(text: &[u8], device: &[u8]) -> bool {
        pci(text).is_ok_and(|slot| slot.device() == device)
    }

    #[test]
    fn slot_is_listed_in_full() {
        assert!(is(b"0000:01:04.3", b"0000:01:04.3"));
        assert!(is(b"1:4.0", b"0000:01:04.0"));
        assert!(is(b"10000:E1:1f.7", b"10000:e1:1f.7"));
        assert!(is(b"0000:01:04.*", b"0000:01:04.*"));
        assert!(is(b"0000:01:*.3", b"0000:01:*.3"));
        assert!(is(b"01:*.*", b"0000:01:*.*"));
    }

    #[test]
    fn first_bad_character_of_a_slot() {
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
    fn slots_parameter_has_several_slots() {
        let bad = |text: &[u8]| {
            parse_param(text, |slot| slot.map(drop))
                .err()
                .map(|bad| bad.at)
        };
        let count = |text: &[u8]| {
            let mut count = 0;
            let _ = parse_param(text, |slot| {
                count += usize::from(slot.is_ok());
                Ok::<_, ParseError>(())
            });
            count
        };

        assert!(count(b"(01:04.0)(platform/a.0)") == 2);
        assert!(count(b"") == 0 && bad(b"").is_none());
        assert!(bad(b"01:04.0") == Some(0));
        assert!(bad(b"(01:04.0") == Some(8));
        assert!(bad(b"(01:04.0)(01:g.0)") == Some(13));
        assert!(bad(b"(platform/)") == Some(10));
        assert!(bad(b"(01:04.0)x") == Some(9));
        assert!(count(b"(01:04.0  # gpu)(01:05.0)") == 1);
        assert!(count(b"x(01:04.0)(01:05.0(01:06.0)") == 2);
    }
}
