// SPDX-License-Identifier: GPL-2.0

//! Serial numbers.

use super::text::{
    checked,
    Canonical, //
};
use crate::policy::rules::pattern::is_printable;
use kernel::prelude::*;

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
