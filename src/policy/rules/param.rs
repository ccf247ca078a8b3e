// SPDX-License-Identifier: GPL-2.0

//! Rules on one line, as the module parameter `rules=` has them.
//!
//! ```text
//! rules     = [ rule { separator rule } ]
//! separator = ";" | ",,"
//! rule      = field { "," field }
//! field     = key "=" text
//! key       = "name" | a key of rule_fields!
//! ```
//!
//! GRUB ends a line at `;`, so there is `,,` as well. A `\` before `,`, `;` or `\` takes away their
//! meaning. A rule without a name is called `rules.N`, where N is its number in the text, from 0.
//!
//! A rule that is bad costs that rule: [`parse`] goes on after it.

use super::{
    builder::RuleBuilder,
    field::{
        Comparison,
        Field, //
    },
    ParseError,
    Spec, //
};
use kernel::{
    prelude::*,
    str::CString, //
};

/// Calls `f` with each rule of the text, or the reason why it is none, until `f` fails.
///
/// # Errors
///
/// What `f` returned.
pub(crate) fn parse<E>(
    text: &[u8],
    mut f: impl FnMut(Result<Spec, ParseError>) -> Result<(), E>,
) -> Result<(), E> {
    let (mut at, mut number) = (0, 0);

    if text.is_empty() {
        return Ok(());
    }
    loop {
        let end = rule_end(text, at);
        let line = text.get(at..end).unwrap_or_default();

        f(rule(line, number).map_err(|bad| bad.after(at)))?;
        number += 1;
        at = match text.get(end) {
            Some(b';') => end + 1,
            Some(_) => end + 2,
            None => return Ok(()),
        };
    }
}

/// The end of the rule that begins at `at`: a separator, or the end of the text.
fn rule_end(text: &[u8], mut at: usize) -> usize {
    loop {
        at = value_end(text, at);
        match (text.get(at), text.get(at + 1)) {
            (Some(b','), Some(b',')) | (Some(b';') | None, _) => return at,
            _ => at += 1,
        }
    }
}

/// The end of the value that begins at `at`: a separator, or the end of the text.
fn value_end(text: &[u8], mut at: usize) -> usize {
    loop {
        match text.get(at) {
            None => return text.len(),
            Some(b',' | b';') => return at,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
        }
    }
}

/// Reads a rule, of which `text` is all.
fn rule(text: &[u8], number: usize) -> Result<Spec, ParseError> {
    let mut builder = RuleBuilder::default();
    let mut given = 0u32;
    let mut name: &[u8] = b"";
    let mut at = 0;

    loop {
        let rest = text.get(at..).unwrap_or_default();
        let key_len = rest.iter().position(|&c| matches!(c, b'=' | b','));
        let key_len = key_len.unwrap_or(rest.len());
        let key = rest.get(..key_len).unwrap_or_default();
        let field = Field::of_key(key);
        let value_at = at + key_len + 1;

        if field.is_none() && key != b"name" {
            return Err(ParseError::new(at, "no such field"));
        }
        if text.get(at + key_len) != Some(&b'=') {
            return Err(ParseError::new(at + key_len, "'=' expected"));
        }

        let end = value_end(text, value_at);
        let value = text.get(value_at..end).unwrap_or_default();
        // The name has a number as well.
        let bit = 1 << field.map_or(Field::COUNT, Field::number);

        if value.is_empty() {
            return Err(ParseError::new(value_at, "a value expected"));
        }
        if given & bit != 0 {
            return Err(ParseError::new(at, "the rule has this field already"));
        }
        given |= bit;
        match field {
            Some(field) => set(&mut builder, field, value).map_err(|bad| bad.after(value_at))?,
            None => match value.iter().position(|&c| !is_name_char(c)) {
                Some(bad) => return Err(ParseError::new(value_at + bad, "no valid name")),
                None => name = value,
            },
        }

        match text.get(end) {
            Some(_) => at = end + 1,
            None => break,
        }
    }

    let spec = if name.is_empty() {
        let name = CString::try_from_fmt(fmt!("rules.{number}"));

        builder.compile(name.map_err(|_| ParseError::no_memory())?.to_bytes())
    } else {
        builder.compile(name)
    };
    spec.map_err(|error| ParseError::new(text.len(), error.reason()))
}

/// Sets the field to a value in which separators are escaped.
fn set(builder: &mut RuleBuilder, field: Field, value: &[u8]) -> Result<(), ParseError> {
    // In a pattern, a `\` has the same purpose: it is the pattern's own.
    if field.comparison() == Comparison::Pattern || !value.contains(&b'\\') {
        return builder.set(field, value);
    }

    let mut plain = KVec::with_capacity(value.len(), GFP_KERNEL)?;
    let mut rest = value;
    // Where each character of `plain` was.
    let mut origin = KVec::with_capacity(value.len(), GFP_KERNEL)?;

    while let Some((&first, next)) = rest.split_first() {
        let (c, next) = match (first, next) {
            (b'\\', [c @ (b',' | b';' | b'\\'), next @ ..]) => (*c, next),
            _ => (first, next),
        };

        plain.push(c, GFP_KERNEL)?;
        origin.push(value.len() - rest.len(), GFP_KERNEL)?;
        rest = next;
    }
    builder.set(field, &plain).map_err(|bad| ParseError {
        at: origin.get(bad.at).copied().unwrap_or(value.len()),
        ..bad
    })
}

/// Returns `true` for characters of a rule's name, which is shown in one line with other words, and
/// between colons.
pub(crate) fn is_name_char(c: u8) -> bool {
    c.is_ascii_graphic() && !matches!(c, b':' | b'/')
}

#[kunit_tests(overdrive_rules_parameter)]
mod tests {
    use super::*;

    fn first_bad(text: &[u8]) -> Option<usize> {
        parse(text, |rule| rule.map(drop)).err().map(|bad| bad.at)
    }

    fn all(text: &[u8]) -> Result<KVec<Spec>, ParseError> {
        let mut specs = KVec::new();

        parse(text, |spec| {
            Ok::<_, ParseError>(specs.push(spec?, GFP_KERNEL)?)
        })?;
        Ok(specs)
    }

    #[test]
    fn rules_parameter_has_several_rules() -> Result {
        let specs = all(b"name=gpu,bus=pci,device=0000:01:00.0,driver=vfio-meta;\
                          modalias=of:N*Ca\\,b*,driver=none,,\
                          firmware=/soc/a\\,b@10,driver=@standard")?;

        assert!(specs.len() == 3);
        assert!(specs[0].name() == b"gpu");
        assert!(specs[0].get(Field::Device) == b"0000:01:00.0");
        assert!(specs[0].driver() == b"vfio-meta");
        assert!(specs[1].name() == b"rules.1");
        assert!(specs[1].get(Field::Modalias) == b"of:N*Ca,b*");
        assert!(specs[2].get(Field::Firmware) == b"/soc/a,b@10");
        assert!(all(b"").is_ok_and(|specs| specs.is_empty()));
        Ok(())
    }

    #[test]
    fn bad_rule_costs_only_itself() {
        let mut bad = KVec::new();
        let mut good = 0;
        let text = b"name=typo,vendor=10de;device=a,driver=b;;device=[,driver=b,,device=c,driver=d";

        let _ = parse(text, |rule| match rule {
            Ok(_) => {
                good += 1;
                Ok(())
            }
            Err(error) => bad.push(error.at, GFP_KERNEL),
        });
        assert!(good == 2);
        assert!(bad[..] == [10, 40, 48]);
    }

    #[test]
    fn first_bad_character_of_the_rules_parameter() {
        assert!(first_bad(b"device=a,drivr=b") == Some(9));
        assert!(first_bad(b"device=a,driver") == Some(15));
        assert!(first_bad(b"device=a,driver=") == Some(16));
        assert!(first_bad(b"device=a") == Some(8));
        assert!(first_bad(b"driver=b") == Some(8));
        assert!(first_bad(b"device=a,driver=b;") == Some(18));
        assert!(first_bad(b"device=[a,driver=b") == Some(7));
        assert!(first_bad(b"device=a,driver=x/y") == Some(17));
        assert!(first_bad(b"device=a,device=b,driver=c") == Some(9));
        assert!(first_bad(b"group_owned=2,driver=c") == Some(12));
        assert!(first_bad(b"name=a:b,device=a,driver=c") == Some(6));
        assert!(first_bad(b"parent=a\\,b\tc,driver=d") == Some(11));
        assert!(first_bad(b"vf=0\\,x,driver=d") == Some(6));
    }
}
