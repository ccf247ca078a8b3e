// SPDX-License-Identifier: GPL-2.0

//! A rule that is being written.

use super::{
    pattern::{
        is_printable,
        Pattern, //
    },
    ParseError,
    Span,
    Spec, //
};
use crate::driver_name::DriverName;
use kernel::prelude::*;

/// The texts that a rule is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    /// Name of the bus, exactly.
    Bus,
    /// Pattern of the device's name.
    Device,
    /// Name of the parent, or of the physical function, exactly.
    Parent,
    /// Pattern of the module alias.
    Modalias,
    /// The driver, `none` or `@group`.
    Driver,
}

impl Field {
    const COUNT: usize = 5;

    /// Checks what a user wrote for this field; empty text takes the field back.
    pub(crate) fn check(self, text: &[u8]) -> Result<(), ParseError> {
        let first_not = |valid: fn(u8) -> bool| match text.iter().position(|&c| !valid(c)) {
            Some(at) => Err(ParseError(at)),
            None => Ok(()),
        };

        match self {
            Self::Bus => first_not(|c| c.is_ascii_graphic() && c != b'/'),
            Self::Device | Self::Modalias => Pattern::check(text).map(|_| ()),
            Self::Parent => first_not(is_printable),
            Self::Driver => {
                first_not(|c| c.is_ascii_graphic() && c != b'/')?;
                match text {
                    b"" | DriverName::NONE | Spec::GROUP => Ok(()),
                    // No driver has such a name: it is a word of this module's that it doesn't know.
                    [b'@', ..] => Err(ParseError(0)),
                    _ if DriverName::is_valid(text) => Ok(()),
                    _ => Err(ParseError(0)),
                }
            }
        }
    }
}

/// Why a [`RuleBuilder`] is no rule yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RuleError {
    /// It has no driver.
    NoDriver,
    /// It has no matcher but `bus`. Who means all devices writes `modalias=*`.
    NoMatcher,
    /// Its texts are longer than [`Spec::MAX_TEXT`] together.
    TooLong,
    /// There is no memory.
    NoMemory,
}

impl RuleError {
    /// What to tell the user.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::NoDriver => "it has no driver",
            Self::NoMatcher => "it has none of device, parent, modalias and group_owned",
            Self::TooLong => "its texts are too long together",
            Self::NoMemory => "out of memory",
        }
    }
}

impl From<RuleError> for Error {
    fn from(incomplete: RuleError) -> Self {
        match incomplete {
            RuleError::NoMemory => ENOMEM,
            RuleError::TooLong => E2BIG,
            RuleError::NoDriver | RuleError::NoMatcher => EINVAL,
        }
    }
}

/// A rule that is being written: any of its fields can still be missing.
///
/// # Invariants
///
/// Every text has passed [`Field::check`].
#[derive(Default)]
pub(crate) struct RuleBuilder {
    texts: [KVec<u8>; Field::COUNT],
    /// Whether the rule is for devices of groups that userspace owns.
    pub(crate) group_owned: bool,
}

impl RuleBuilder {
    /// What was written for `field`, empty if nothing.
    pub(crate) fn get(&self, field: Field) -> &[u8] {
        self.texts
            .get(field as usize)
            .map(|text| text.as_slice())
            .unwrap_or_default()
    }

    /// Writes `field`.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the text is none for this field, `ENOMEM`. The field then keeps its text.
    pub(crate) fn set(&mut self, field: Field, text: &[u8]) -> Result {
        field.check(text).map_err(|_| EINVAL)?;

        let mut new = KVec::with_capacity(text.len(), GFP_KERNEL)?;
        new.extend_from_slice(text, GFP_KERNEL)?;

        // INVARIANT: Checked above.
        if let Some(old) = self.texts.get_mut(field as usize) {
            *old = new;
        }
        Ok(())
    }

    /// Makes the rule called `name`.
    pub(crate) fn compile(&self, name: &[u8]) -> Result<Spec, RuleError> {
        let matchers = [Field::Device, Field::Parent, Field::Modalias];

        if self.get(Field::Driver).is_empty() {
            return Err(RuleError::NoDriver);
        }
        if !self.group_owned && matchers.iter().all(|&field| self.get(field).is_empty()) {
            return Err(RuleError::NoMatcher);
        }

        let len = self.texts.iter().map(|text| text.len()).sum::<usize>() + name.len();
        if len > Spec::MAX_TEXT {
            return Err(RuleError::TooLong);
        }

        let mut text = KVec::with_capacity(len, GFP_KERNEL).map_err(|_| RuleError::NoMemory)?;
        let mut append = |part: &[u8]| -> Result<Span, RuleError> {
            let start = u16::try_from(text.len()).map_err(|_| RuleError::TooLong)?;
            let len = u16::try_from(part.len()).map_err(|_| RuleError::TooLong)?;

            text.extend_from_slice(part, GFP_KERNEL)
                .map_err(|_| RuleError::NoMemory)?;
            Ok(Span { start, len })
        };

        let name = append(name)?;
        let bus = append(self.get(Field::Bus))?;
        let device = append(self.get(Field::Device))?;
        let parent = append(self.get(Field::Parent))?;
        let modalias = append(self.get(Field::Modalias))?;
        let driver = append(self.get(Field::Driver))?;

        // INVARIANT: The spans were made while `text` grew to hold them; the patterns were checked
        // by the type invariants of `RuleBuilder`, the driver above.
        Ok(Spec {
            text,
            name,
            bus,
            device,
            parent,
            modalias,
            driver,
            group_owned: self.group_owned,
        })
    }
}

#[kunit_tests(overdrive_draft)]
mod tests {
    use super::*;

    #[test]
    fn drivers() {
        let bad = |text: &[u8]| Field::Driver.check(text).err();

        assert!(bad(b"vfio-meta").is_none());
        assert!(bad(b"none").is_none());
        assert!(bad(b"@group").is_none());
        assert!(bad(b"@grup") == Some(ParseError(0)));
        assert!(bad(b"a b") == Some(ParseError(1)));
        assert!(bad(b"ab/") == Some(ParseError(2)));
        assert!(bad(b"..") == Some(ParseError(0)));
    }

    #[test]
    fn completeness() -> Result {
        let mut builder = RuleBuilder::default();

        assert!(builder.compile(b"r").err() == Some(RuleError::NoDriver));
        builder.set(Field::Driver, b"none")?;
        builder.set(Field::Bus, b"pci")?;
        assert!(builder.compile(b"r").err() == Some(RuleError::NoMatcher));
        builder.group_owned = true;
        assert!(builder.compile(b"r").is_ok());
        assert!(builder.compile(&[b'r'; Spec::MAX_TEXT]).err() == Some(RuleError::TooLong));
        builder.group_owned = false;
        builder.set(Field::Device, b"0000:*")?;
        assert!(builder.set(Field::Device, b"[").is_err());
        assert!(builder.compile(b"r")?.device() == b"0000:*");
        Ok(())
    }
}
