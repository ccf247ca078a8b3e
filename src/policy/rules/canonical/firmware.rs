// SPDX-License-Identifier: GPL-2.0

//! Paths of firmware nodes.

use super::text::{
    checked,
    copy,
    Canonical, //
};
use crate::policy::rules::{
    pattern::is_printable,
    ParseError, //
};
use kernel::prelude::*;

/// The places where Linux shows the device tree.
const DEVICE_TREES: [&[u8]; 2] = [b"/sys/firmware/devicetree/base", b"/proc/device-tree"];

/// The path of a firmware node: of ACPI's namespace, of the device tree, or of software.
///
/// In ACPI's namespace, names are of upper case and without the underscores that fill them up to four
/// characters. The `\` before the first can be left out where that is `_SB`. Nodes of the device tree can
/// be given as Linux shows them.
pub(in crate::policy::rules) fn firmware(text: &[u8]) -> Canonical {
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
