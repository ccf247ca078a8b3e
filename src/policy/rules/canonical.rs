// SPDX-License-Identifier: GPL-2.0

//! Canonical forms: one way to write each thing.
//!
//! What a user writes is made canonical when it is written, and what a device has is in the same form,
//! so that texts that mean the same are the same. Making a canonical text canonical changes nothing.
//! What can match no device is refused, with the form that works.

mod address;
mod alias;
mod firmware;
mod indices;
mod reader;
mod serial;
mod text;

pub(super) use address::{
    device,
    is_address,
    path,
    place, //
};
pub(super) use alias::modalias;
pub(super) use firmware::firmware;
pub(super) use indices::{
    has_index,
    indices, //
};
pub(super) use reader::Reader;
pub(crate) use serial::serial;
pub(super) use text::{
    PCI,
    USB, //
};

use super::{
    driver_word,
    pattern::is_printable,
    ParseError, //
};
use crate::driver_name::DriverName;
use kernel::prelude::*;
use text::{
    checked,
    copy,
    Canonical, //
};

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
/// A `\` before it does not help.
pub(super) fn no_blanks_around(text: &[u8]) -> Result<(), ParseError> {
    match text {
        [b' ', ..] | [b'\\', b' ', ..] => Err(ParseError::new(0, "a blank before the value")),
        [rest @ .., b' '] => Err(ParseError::new(rest.len(), "a blank after the value")),
        _ => Ok(()),
    }
}
