// SPDX-License-Identifier: GPL-2.0

//! Serial numbers.

use super::text::{
    checked,
    Canonical, //
};
use crate::policy::rules::{
    pattern::is_printable,
    ParseError, //
};
use kernel::prelude::*;

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
