// SPDX-License-Identifier: GPL-2.0

//! Numbers and separators.

use super::text::append;
use crate::policy::rules::ParseError;
use kernel::prelude::*;

/// A reader of numbers and separators.
pub(in crate::policy::rules) struct Reader<'a> {
    text: &'a [u8],
    pub(in crate::policy::rules) at: usize,
}

impl<'a> Reader<'a> {
    pub(in crate::policy::rules) const MAX_DOMAIN: u32 = u32::MAX >> 1;
    pub(in crate::policy::rules) const MAX_BUS: u32 = 0xff;
    pub(in crate::policy::rules) const MAX_DEVICE: u32 = 0x1f;
    pub(in crate::policy::rules) const MAX_FUNCTION: u32 = 7;

    pub(in crate::policy::rules) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    pub(in crate::policy::rules) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    pub(in crate::policy::rules) fn literal(
        &mut self,
        c: u8,
        reason: &'static str,
    ) -> Result<(), ParseError> {
        if self.peek() != Some(c) {
            return Err(ParseError::new(self.at, reason));
        }
        self.at += 1;
        Ok(())
    }

    /// Reads a hexadecimal number up to `max`.
    pub(in crate::policy::rules) fn number(&mut self, max: u32) -> Result<u32, ParseError> {
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
    pub(in crate::policy::rules) fn number_or_all(
        &mut self,
        max: u32,
    ) -> Result<Option<u32>, ParseError> {
        if self.peek() == Some(b'*') {
            self.at += 1;
            return Ok(None);
        }
        self.number(max).map(Some)
    }

    /// Reads a decimal number.
    pub(super) fn decimal(&mut self) -> Result<u16, ParseError> {
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
    pub(in crate::policy::rules) fn domain(&mut self) -> Result<u32, ParseError> {
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
    pub(super) fn address(&mut self, out: &mut KVec<u8>) -> Result<(), ParseError> {
        let domain = self.domain()?;
        let bus = self.number(Self::MAX_BUS)?;

        self.literal(b':', "':' expected")?;
        append(out, fmt!("{domain:04x}:{bus:02x}:"))?;
        self.function(out)
    }

    /// Reads `DD.F`.
    pub(super) fn function(&mut self, out: &mut KVec<u8>) -> Result<(), ParseError> {
        let device = self.number(Self::MAX_DEVICE)?;

        self.literal(b'.', "'.' expected")?;
        let function = self.number(Self::MAX_FUNCTION)?;

        append(out, fmt!("{device:02x}.{function}"))
    }

    pub(in crate::policy::rules) fn end(&self) -> Result<(), ParseError> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(ParseError::new(self.at, "end of the text expected")),
        }
    }
}
