// SPDX-License-Identifier: GPL-2.0

//! Patterns of fnmatch(3) without flags.

/// Returns `true` if all of `text` matches.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    at(pattern.as_bytes(), text.as_bytes())
}

fn at(mut pattern: &[u8], mut text: &[u8]) -> bool {
    // Where to go on when what follows the last asterisk does not match: one character later.
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        let step = match (pattern.split_first(), text.split_first()) {
            (Some((b'*', rest)), _) => {
                retry = Some((rest, text));
                pattern = rest;
                continue;
            }
            (None, None) => return true,
            (Some((b'?', rest)), Some((_, tail))) => Some((rest, tail)),
            (Some((b'[', rest)), Some((&c, tail))) => class(rest, c).map(|rest| (rest, tail)),
            (Some((&p, rest)), Some((&c, tail))) if p == c => Some((rest, tail)),
            _ => None,
        };
        match (step, retry) {
            (Some((rest, tail)), _) => (pattern, text) = (rest, tail),
            (None, Some((rest, from))) => match from.split_first() {
                Some((_, tail)) => {
                    retry = Some((rest, tail));
                    (pattern, text) = (rest, tail);
                }
                None => return false,
            },
            (None, None) => return false,
        }
    }
}

/// Returns what follows the bracket expression, if it has the character.
fn class(pattern: &[u8], c: u8) -> Option<&[u8]> {
    let end = 1 + pattern.iter().skip(1).position(|&p| p == b']')?;
    let (mut set, rest) = (&pattern[..end], &pattern[end + 1..]);
    let negated = matches!(set.first(), Some(b'!' | b'^'));
    if negated {
        set = &set[1..];
    }
    let mut found = false;
    while let Some((&first, tail)) = set.split_first() {
        match tail {
            [b'-', last, ..] => {
                found |= (first..=*last).contains(&c);
                set = &tail[2..];
            }
            _ => {
                found |= first == c;
                set = tail;
            }
        }
    }
    (found != negated).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_matches_as_in_fnmatch() {
        assert!(matches("pci:v*d*sv*", "pci:v00001234d000011E8sv00"));
        assert!(matches("a*b*c", "aXbYbZc"));
        assert!(!matches("a*b*c", "aXbYbZ"));
        assert!(matches("usb:v0951p16[0-2]?d*", "usb:v0951p160Fd0"));
        assert!(!matches("x[!a-c]y", "xby"));
    }
}
