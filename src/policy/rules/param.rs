// SPDX-License-Identifier: GPL-2.0

//! Rules on one line, as the module parameter `rules=` has them.
//!
//! ```text
//! rules  = [ rule { ";" rule } ]
//! rule   = field { "," field }
//! field  = "name" | "bus" | "device" | "parent" | "modalias" | "driver"  "=" text
//!        | "group_owned=" ( "0" | "1" )
//! ```
//!
//! A `\` before `,` or `;` takes away their meaning; it stays in the text, where a pattern needs it
//! for the same purpose. A rule without a name is called `rules.N`, where N counts from 0.

use super::{
    builder::{
        Field,
        RuleBuilder,
        RuleError, //
    },
    ParseError,
    Spec, //
};
use kernel::{
    prelude::*,
    str::CString, //
};

/// Why a parameter can't be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadParam {
    /// The first bad character; the length of the text if it ends too early.
    pub(crate) at: ParseError,
    /// What is wrong there.
    pub(crate) reason: &'static str,
}

impl BadParam {
    pub(crate) fn new(at: usize, reason: &'static str) -> Self {
        Self {
            at: ParseError(at),
            reason,
        }
    }

    /// There is no memory.
    pub(crate) fn no_memory<E>(_: E) -> Self {
        Self::new(0, RuleError::NoMemory.reason())
    }
}

/// Reads all rules of the parameter.
pub(crate) fn parse(text: &[u8]) -> Result<KVec<Spec>, BadParam> {
    let mut specs = KVec::new();
    let mut at = 0;

    if text.is_empty() {
        return Ok(specs);
    }
    loop {
        let (spec, end) = rule(text, at, specs.len())?;

        specs.push(spec, GFP_KERNEL).map_err(BadParam::no_memory)?;
        match text.get(end) {
            Some(_) => at = end + 1,
            None => return Ok(specs),
        }
    }
}

/// Reads the rule that begins at `at`, and tells where it ends.
fn rule(text: &[u8], mut at: usize, number: usize) -> Result<(Spec, usize), BadParam> {
    let mut builder = RuleBuilder::default();
    let mut name: &[u8] = b"";

    let end = loop {
        let rest = text.get(at..).unwrap_or_default();
        let key_len = rest.iter().position(|&c| matches!(c, b'=' | b',' | b';'));
        let key_len = key_len.unwrap_or(rest.len());
        let key = rest.get(..key_len).unwrap_or_default();
        let value_at = at + key_len + 1;

        let field = match key {
            b"bus" => Some(Field::Bus),
            b"device" => Some(Field::Device),
            b"parent" => Some(Field::Parent),
            b"modalias" => Some(Field::Modalias),
            b"driver" => Some(Field::Driver),
            b"name" | b"group_owned" => None,
            _ => return Err(BadParam::new(at, "no such field")),
        };
        if text.get(at + key_len) != Some(&b'=') {
            return Err(BadParam::new(at + key_len, "'=' expected"));
        }

        let end = value_end(text, value_at);
        let value = text.get(value_at..end).unwrap_or_default();

        if value.is_empty() {
            return Err(BadParam::new(value_at, "a value expected"));
        }
        match (field, key, value) {
            (Some(field), ..) if !builder.get(field).is_empty() => {
                return Err(BadParam::new(at, "the rule has this field already"));
            }
            (Some(field), ..) => {
                field
                    .check(value)
                    .map_err(|ParseError(bad)| BadParam::new(value_at + bad, "no valid value"))?;
                builder.set(field, value).map_err(BadParam::no_memory)?;
            }
            (None, b"name", _) => match value.iter().position(|&c| !is_name_char(c)) {
                Some(bad) => return Err(BadParam::new(value_at + bad, "no valid name")),
                None => name = value,
            },
            (None, _, b"0") => builder.group_owned = false,
            (None, _, b"1") => builder.group_owned = true,
            _ => return Err(BadParam::new(value_at, "0 or 1 expected")),
        }

        match text.get(end) {
            Some(b',') => at = end + 1,
            _ => break end,
        }
    };

    let spec = if name.is_empty() {
        let name = CString::try_from_fmt(fmt!("rules.{number}")).map_err(BadParam::no_memory)?;

        builder.compile(name.to_bytes())
    } else {
        builder.compile(name)
    };
    match spec {
        Ok(spec) => Ok((spec, end)),
        Err(RuleError::NoMemory) => Err(BadParam::no_memory(())),
        Err(incomplete) => Err(BadParam::new(end, incomplete.reason())),
    }
}

/// Names are shown in one line with other words, and between colons.
fn is_name_char(c: u8) -> bool {
    c.is_ascii_graphic() && c != b':' && c != b'/'
}

/// Where the value that begins at `at` ends: at a separator, or at the end of the text.
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

#[kunit_tests(overdrive_param)]
mod tests {
    use super::*;

    fn bad(text: &[u8]) -> Option<usize> {
        parse(text).err().map(|bad| bad.at.0)
    }

    #[test]
    fn rules() -> Result {
        let text = b"name=gpu,bus=pci,device=0000:01:00.0,driver=vfio-meta;\
                     modalias=of:N*Ca\\,b*,driver=none";
        let Ok(specs) = parse(text) else {
            return Err(EINVAL);
        };

        assert!(specs.len() == 2);
        assert!(specs[0].name() == b"gpu");
        assert!(specs[0].device() == b"0000:01:00.0");
        assert!(specs[0].driver() == b"vfio-meta");
        assert!(specs[1].name() == b"rules.1");
        assert!(parse(b"").is_ok_and(|specs| specs.is_empty()));
        Ok(())
    }

    #[test]
    fn first_bad_character() {
        assert!(bad(b"device=a,drivr=b") == Some(9));
        assert!(bad(b"device=a,driver") == Some(15));
        assert!(bad(b"device=a,driver=") == Some(16));
        assert!(bad(b"device=a") == Some(8));
        assert!(bad(b"driver=b") == Some(8));
        assert!(bad(b"device=a,driver=b;") == Some(18));
        assert!(bad(b"device=[a,driver=b") == Some(7));
        assert!(bad(b"device=a,driver=x/y") == Some(17));
        assert!(bad(b"device=a,device=b,driver=c") == Some(9));
        assert!(bad(b"group_owned=2,driver=c") == Some(12));
        assert!(bad(b"name=a:b,device=a,driver=c") == Some(6));
    }
}
