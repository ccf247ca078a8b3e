// SPDX-License-Identifier: GPL-2.0

//! Parts that canonical forms of all kinds share.

use crate::policy::rules::ParseError;
use kernel::{
    fmt,
    prelude::*,
    str::CString, //
};

/// The bus of PCI devices.
pub(in crate::policy::rules) const PCI: &[u8] = b"pci";

/// The bus of USB devices and their interfaces.
pub(in crate::policy::rules) const USB: &[u8] = b"usb";

/// The canonical form of a text, or its first bad character.
pub(super) type Canonical = Result<KVec<u8>, ParseError>;

/// Copies `text`.
pub(super) fn copy(text: &[u8]) -> Canonical {
    let mut copy = KVec::with_capacity(text.len(), GFP_KERNEL)?;

    copy.extend_from_slice(text, GFP_KERNEL)?;
    Ok(copy)
}

/// Copies `text` if all its characters are valid.
pub(super) fn checked(text: &[u8], reason: &'static str, valid: fn(u8) -> bool) -> Canonical {
    match text.iter().position(|&c| !valid(c)) {
        Some(at) => Err(ParseError::new(at, reason)),
        None => copy(text),
    }
}

/// Appends formatted text.
pub(super) fn append(out: &mut KVec<u8>, text: fmt::Arguments<'_>) -> Result<(), ParseError> {
    let text = CString::try_from_fmt(text).map_err(|_| ParseError::no_memory())?;

    Ok(out.extend_from_slice(text.to_bytes(), GFP_KERNEL)?)
}

/// Returns `true` for a vendor and device ID, as `lspci -n` prints it.
pub(super) fn is_id(text: &[u8]) -> bool {
    let is_part = |part: &[u8]| part.len() == 4 && is_number(part, 4);

    match text.split_at_checked(4) {
        Some((vendor, [b':', device @ ..])) => is_part(vendor) && is_part(device),
        _ => false,
    }
}

/// Returns `true` for one to `most` hexadecimal digits.
pub(super) fn is_number(text: &[u8], most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.iter().all(u8::is_ascii_hexdigit)
}
