// SPDX-License-Identifier: GPL-2.0

//! A rule that is being written.

use super::{
    field::{
        Comparison,
        Field, //
    },
    rule_error::RuleError,
    spec::Spec,
    ParseError, //
};
use kernel::prelude::*;

/// A rule that is being written: any of its fields can still be missing.
///
/// # Invariants
///
/// Every text is empty, or what [`Field::canonical`] made of one.
#[derive(Default)]
pub(crate) struct RuleBuilder {
    texts: [KVec<u8>; Field::COUNT],
}

impl RuleBuilder {
    /// The canonical form of what was written for `field`, empty if nothing.
    pub(crate) fn get(&self, field: Field) -> &[u8] {
        self.texts
            .get(field.number())
            .map(|text| text.as_slice())
            .unwrap_or_default()
    }

    /// The text that a user reads for `field`: a flag that is not set is `0`.
    pub(crate) fn shown(&self, field: Field) -> &[u8] {
        match (field.comparison(), self.get(field)) {
            (Comparison::Flag, b"") => b"0",
            (_, text) => text,
        }
    }

    /// Writes `field`; empty text takes it back.
    ///
    /// # Errors
    ///
    /// The first bad character, and the reason. The field then keeps its text.
    pub(crate) fn set(&mut self, field: Field, text: &[u8]) -> Result<(), ParseError> {
        let new = field.canonical(text)?;

        // INVARIANT: It is canonical.
        if let Some(old) = self.texts.get_mut(field.number()) {
            *old = new;
        }
        Ok(())
    }

    /// Makes the rule called `name`.
    pub(crate) fn compile(&self, name: &[u8]) -> Result<Spec, RuleError> {
        let given = |field: &Field| !self.get(*field).is_empty();

        if !given(&Field::Driver) {
            return Err(RuleError::NoDriver);
        }
        if !Field::ALL.iter().filter(|it| it.is_matcher()).any(given) {
            return Err(RuleError::NoMatcher);
        }
        Spec::new(name, |field| self.get(field))
    }
}

#[kunit_tests(overdrive_rule_builder)]
mod tests {
    use super::*;

    #[test]
    fn rule_needs_a_driver_and_a_matcher() -> Result {
        let mut builder = RuleBuilder::default();

        assert!(builder.compile(b"r").err() == Some(RuleError::NoDriver));
        builder.set(Field::Driver, b"none")?;
        builder.set(Field::Bus, b"pci")?;
        assert!(builder.compile(b"r").err() == Some(RuleError::NoMatcher));
        builder.set(Field::GroupOwned, b"1")?;
        assert!(builder.compile(b"r").is_ok());
        builder.set(Field::GroupOwned, b"0")?;
        assert!(builder.compile(b"r").err() == Some(RuleError::NoMatcher));
        assert!(builder.shown(Field::GroupOwned) == b"0");
        Ok(())
    }

    #[test]
    fn rule_is_as_long_as_its_texts() -> Result {
        let mut builder = RuleBuilder::default();

        builder.set(Field::Driver, b"none")?;
        builder.set(Field::Device, b"a")?;
        assert!(builder.compile(&[b'r'; Spec::MAX_TEXT - 5]).is_ok());
        assert!(builder.compile(&[b'r'; Spec::MAX_TEXT - 4]).err() == Some(RuleError::TooLong));
        Ok(())
    }

    #[test]
    fn field_keeps_its_text_when_a_bad_one_is_written() -> Result {
        let mut builder = RuleBuilder::default();

        builder.set(Field::Driver, b"none")?;
        builder.set(Field::Device, b"0000:*")?;
        assert!(builder.set(Field::Device, b"[").is_err());
        assert!(builder.compile(b"r")?.get(Field::Device) == b"0000:*");
        Ok(())
    }
}
