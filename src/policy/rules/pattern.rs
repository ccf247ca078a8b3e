// SPDX-License-Identifier: GPL-2.0

//! Globbing, as `modules.alias` and the programs that read it do.

use super::ParseError;
use kernel::prelude::*;

/// Returns `true` for characters that names of devices have: spaces are among them.
pub(super) fn is_printable(c: u8) -> bool {
    c == b' ' || c.is_ascii_graphic()
}

/// A pattern: what `fnmatch(3)` takes, without flags.
///
/// - `*` is any text, `?` any character;
/// - `[abc]`, `[a-z]`, `[!a-z]` and `[^a-z]` are sets, where a leading `]` stands for itself;
/// - `\` takes away the meaning of the next character;
/// - all else stands for itself.
///
/// Other than in `fnmatch(3)`, what is no complete pattern is an error rather than literal text, and
/// so are the classes `[:alpha:]`, `[.x.]` and `[=x=]`, which no alias has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pattern<'a>(pub(crate) &'a [u8]);

/// One step of a pattern.
enum Token<'a> {
    /// `*`
    Any,
    /// `?`
    One,
    /// The inner text of `[...]`.
    Set(&'a [u8]),
    /// A character that stands for itself.
    Literal(u8),
}

impl<'a> Pattern<'a> {
    /// Checks that all of the text is a pattern of printable ASCII characters.
    pub(crate) fn check(text: &'a [u8]) -> Result<Self, ParseError> {
        let mut rest = text;

        while !rest.is_empty() {
            let at = text.len() - rest.len();
            let Some((token, next)) = Self::token(rest) else {
                return Err(ParseError::new(at, "the pattern is not complete"));
            };

            match token {
                Token::Literal(c) if !is_printable(c) => {
                    return Err(ParseError::new(at, "not printable"));
                }
                // One more for the bracket.
                Token::Set(set) => check_set(set).map_err(|bad| bad.after(at + 1))?,
                _ => {}
            }
            rest = next;
        }
        Ok(Self(text))
    }

    /// The pattern without each `\` that takes no meaning away.
    ///
    /// # Errors
    ///
    /// As [`Pattern::check`].
    pub(crate) fn canonical(text: &'a [u8]) -> Result<KVec<u8>, ParseError> {
        Self::check(text)?;

        let mut out = KVec::with_capacity(text.len(), GFP_KERNEL)?;
        let mut rest = text;

        while let Some((token, next)) = Self::token(rest) {
            match token {
                Token::Literal(c) if !matches!(c, b'*' | b'?' | b'[' | b'\\') => {
                    out.push(c, GFP_KERNEL)?;
                }
                Token::Set(_) => {
                    let mut chars = rest.get(..rest.len() - next.len()).unwrap_or_default();

                    // What separates rules means nothing in a set; what else is there may.
                    while let Some((&c, after)) = chars.split_first() {
                        match (c, after) {
                            (b'\\', [b',' | b';', ..]) => {}
                            (b'\\', [escaped, after @ ..]) => {
                                out.extend_from_slice(&[c, *escaped], GFP_KERNEL)?;
                                chars = after;
                                continue;
                            }
                            _ => out.push(c, GFP_KERNEL)?,
                        }
                        chars = after;
                    }
                }
                _ => {
                    let chars = rest.get(..rest.len() - next.len()).unwrap_or_default();

                    out.extend_from_slice(chars, GFP_KERNEL)?;
                }
            }
            rest = next;
        }
        Ok(out)
    }

    /// Splits off the first token; [`None`] at the end, and where the text is no pattern.
    fn token(text: &[u8]) -> Option<(Token<'_>, &[u8])> {
        let (&first, rest) = text.split_first()?;

        Some(match first {
            b'*' => (Token::Any, rest),
            b'?' => (Token::One, rest),
            b'\\' => {
                let (&c, rest) = rest.split_first()?;
                (Token::Literal(c), rest)
            }
            b'[' => {
                let end = set_len(rest)?;
                (Token::Set(rest.get(..end)?), rest.get(end + 1..)?)
            }
            c => (Token::Literal(c), rest),
        })
    }

    /// Returns `true` if the pattern stands for nothing but its own text.
    pub(crate) fn is_literal(self) -> bool {
        self.prefix().len() == self.0.len()
    }

    /// The text up to the first character with a meaning of its own: what every match begins with.
    pub(crate) fn prefix(self) -> &'a [u8] {
        let special = |&c: &u8| matches!(c, b'*' | b'?' | b'[' | b'\\');
        let end = self.0.iter().position(special).unwrap_or(self.0.len());

        self.0.get(..end).unwrap_or_default()
    }

    /// The number of `*` in the pattern: the fewer, the more specific.
    pub(crate) fn stars(self) -> u16 {
        let mut rest = self.0;
        let mut stars = 0u16;

        while let Some((token, next)) = Self::token(rest) {
            if let Token::Any = token {
                stars = stars.saturating_add(1);
            }
            rest = next;
        }
        stars
    }

    /// Returns `true` if the pattern matches all of `text`.
    ///
    /// Takes at most time proportional to the product of both lengths, and no memory: after a
    /// mismatch it is enough to let the last `*` take one character more.
    pub(crate) fn matches(self, text: &[u8]) -> bool {
        let (mut pattern, mut text) = (self.0, text);
        let mut last_star: Option<(&[u8], &[u8])> = None;

        loop {
            let step = match (Self::token(pattern), text.split_first()) {
                (None, None) => return true,
                (Some((Token::Any, next)), _) => {
                    last_star = Some((next, text));
                    pattern = next;
                    continue;
                }
                (Some((token, next)), Some((&c, rest))) => token.matches(c).then_some((next, rest)),
                _ => None,
            };

            (pattern, text) = match (step, last_star) {
                (Some(next), _) => next,
                (None, Some((after, [_, rest @ ..]))) => {
                    last_star = Some((after, rest));
                    (after, rest)
                }
                _ => return false,
            };
        }
    }
}

impl Token<'_> {
    fn matches(&self, c: u8) -> bool {
        match self {
            Token::Any | Token::One => true,
            Token::Literal(literal) => *literal == c,
            Token::Set(set) => {
                let (negated, mut rest) = negation(set);
                let mut found = false;

                while let Some((first, last, next)) = set_item(rest) {
                    found |= (first..=last).contains(&c);
                    rest = next;
                }
                found != negated
            }
        }
    }
}

/// The length of a set's inner text, up to the closing bracket.
fn set_len(text: &[u8]) -> Option<usize> {
    let (_, body) = negation(text);
    let mut at = text.len() - body.len();
    // As the first character, `]` stands for itself.
    let first = at;

    loop {
        match text.get(at)? {
            b']' if at > first => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

fn negation(set: &[u8]) -> (bool, &[u8]) {
    match set {
        [b'!' | b'^', body @ ..] => (true, body),
        body => (false, body),
    }
}

/// Splits the first item off a set: a range of characters, most often of one.
fn set_item(set: &[u8]) -> Option<(u8, u8, &[u8])> {
    fn one(set: &[u8]) -> Option<(u8, &[u8])> {
        match set {
            [b'\\', c, rest @ ..] | [c, rest @ ..] => Some((*c, rest)),
            [] => None,
        }
    }

    let (first, rest) = one(set)?;

    // At the end, `-` stands for itself.
    if let [b'-', after @ ..] = rest {
        if let Some((last, rest)) = one(after) {
            return Some((first, last, rest));
        }
    }
    Some((first, first, rest))
}

fn check_set(set: &[u8]) -> Result<(), ParseError> {
    let (_, mut rest) = negation(set);

    while let Some((first, last, next)) = set_item(rest) {
        // A class would open with one of these.
        let is_class = first == b'[' && matches!(rest.get(1), Some(b':' | b'.' | b'='));

        if is_class || first > last || !is_printable(first) || !is_printable(last) {
            return Err(ParseError::new(
                set.len() - rest.len(),
                "no character of a set",
            ));
        }
        rest = next;
    }
    Ok(())
}

#[kunit_tests(overdrive_pattern)]
mod tests {
    use super::*;

    fn matches(pattern: &[u8], text: &[u8]) -> bool {
        Pattern::check(pattern).is_ok_and(|p| p.matches(text))
    }

    #[test]
    fn patterns_of_aliases_match_them() {
        let alias = b"pci:v00008086d000010D3sv00008086sd00000000bc02sc00i00";

        assert!(matches(b"pci:v00008086d000010D3sv*sd*bc*sc*i*", alias));
        assert!(matches(b"pci:v*d*sv*sd*bc02sc00i00*", alias));
        assert!(!matches(b"pci:v*d*sv*sd*bc03sc*i*", alias));
        assert!(matches(
            b"of:N*T*Cvirtio,mmio*",
            b"of:NvirtioT(null)Cvirtio,mmio"
        ));
    }

    #[test]
    fn set_is_what_fnmatch_takes() {
        assert!(matches(b"[]a]", b"]"));
        assert!(matches(b"[!]a]", b"b"));
        assert!(!matches(b"[^]a]", b"]"));
        assert!(matches(b"[0-9A-F]x", b"Cx"));
        assert!(matches(b"[a-]", b"-"));
        assert!(matches(b"[\\]]", b"]"));
    }

    #[test]
    fn star_takes_as_much_as_it_must() {
        assert!(matches(b"*ab*ab", b"abcabab"));
        assert!(!matches(b"*ab*ab?", b"abcabab"));
        assert!(matches(b"**", b""));
        assert!(matches(b"a\\*", b"a*"));
        assert!(!matches(b"a\\*", b"ab"));
    }

    #[test]
    fn first_bad_character_of_a_pattern() {
        let bad = |pattern: &[u8]| Pattern::check(pattern).err().map(|bad| bad.at);

        assert!(bad(b"abc").is_none());
        assert!(bad(b"ab[c") == Some(2));
        assert!(bad(b"ab\\") == Some(2));
        assert!(bad(b"a\tb") == Some(1));
        assert!(bad(b"a[z-a]") == Some(2));
        assert!(bad(b"a[x[:alpha:]]") == Some(3));
    }

    #[test]
    fn pattern_with_fewer_stars_is_more_specific() {
        assert!(Pattern(b"a*b*").stars() == 2);
        assert!(Pattern(b"a\\*[*]*").stars() == 1);
        assert!(Pattern(b"ab[c]").prefix() == b"ab");
        assert!(Pattern(b"0000:00:01.0").is_literal());
    }
}
