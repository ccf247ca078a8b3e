// SPDX-License-Identifier: GPL-2.0

//! Module aliases in the kernel's own letters: keys are small ones, and the digits of numbers capital ones.

/// The keys of an alias and the digits of their numbers, in their order: see scripts/mod/file2alias.c.
const PCI: &[(&str, usize)] = &[
    ("v", 8),
    ("d", 8),
    ("sv", 8),
    ("sd", 8),
    ("bc", 2),
    ("sc", 2),
    ("i", 2),
];

const USB: &[(&str, usize)] = &[
    ("v", 4),
    ("p", 4),
    ("d", 4),
    ("dc", 2),
    ("dsc", 2),
    ("dp", 2),
    ("ic", 2),
    ("isc", 2),
    ("ip", 2),
    ("in", 2),
];

/// Returns a pattern of PCI's or USB's aliases with the letters put right; `None` if it can't be read.
pub(super) fn canonical(text: &str) -> Option<String> {
    let (kind, rest) = text.split_once(':')?;
    let keys = match kind.to_ascii_lowercase().as_str() {
        "pci" => PCI,
        "usb" => USB,
        _ => return None,
    };
    let mut better = format!("{}:", kind.to_ascii_lowercase());
    let mut rest = rest;
    let mut next = 0;
    while !rest.is_empty() {
        // An asterisk stands for any number of keys.
        if let Some(tail) = rest.strip_prefix('*') {
            better.push('*');
            rest = tail;
            continue;
        }
        let (at, tail) = keys
            .iter()
            .enumerate()
            .skip(next)
            .find_map(|(at, (key, digits))| {
                let tail = strip_prefix_ignoring_case(rest, key)?;
                is_number(tail, *digits).then_some((at, tail))
            })?;
        let (key, digits) = keys[at];
        let number = number_len(tail, digits);
        better.push_str(key);
        better.push_str(&tail[..number].to_ascii_uppercase());
        rest = &tail[number..];
        next = at + 1;
    }
    Some(better)
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix)
        .then(|| &text[prefix.len()..])
}

/// Returns `true` if a number of so many digits, or an asterisk in it, comes first.
fn is_number(text: &str, digits: usize) -> bool {
    let len = number_len(text, digits);
    len == digits || text[len..].starts_with('*')
}

/// Returns the length of what can be the digits of a number.
fn number_len(text: &str, digits: usize) -> usize {
    text.bytes()
        .take(digits)
        .take_while(|c| c.is_ascii_hexdigit() || *c == b'?')
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_in_small_letters_is_put_right() {
        let is = |text, better: Option<&str>| assert_eq!(canonical(text).as_deref(), better);
        is("pci:v00001234d000011e8*", Some("pci:v00001234d000011E8*"));
        is(
            "pci:v00001234d000011E8sv*sd*bc*sc*i*",
            Some("pci:v00001234d000011E8sv*sd*bc*sc*i*"),
        );
        is("PCI:V0000abcd*", Some("pci:v0000ABCD*"));
        is("usb:*ic08*", Some("usb:*ic08*"));
        is("usb:v0951p16a*", Some("usb:v0951p16A*"));
        is("of:Nserial*", None);
        is("pci:nonsense", None);
    }
}
