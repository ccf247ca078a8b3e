// SPDX-License-Identifier: GPL-2.0

//! The error of a rule as a whole.

use super::ParseError;
use kernel::prelude::*;

/// The reason why a [`RuleBuilder`](super::builder::RuleBuilder) is no rule yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RuleError {
    /// It has no driver.
    NoDriver,
    /// It has no matcher but `bus`. For all devices there is `modalias=*`.
    NoMatcher,
    /// Its texts are longer than [`Spec::MAX_TEXT`](super::Spec::MAX_TEXT) together.
    TooLong,
    /// There is no memory.
    NoMemory,
}

impl RuleError {
    /// The text for the user.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::NoDriver => "it has no driver",
            Self::NoMatcher => "it has no matcher but bus",
            Self::TooLong => "its texts are too long together",
            Self::NoMemory => ParseError::NO_MEMORY,
        }
    }
}

impl From<RuleError> for Error {
    fn from(error: RuleError) -> Self {
        match error {
            RuleError::NoMemory => ENOMEM,
            RuleError::TooLong => E2BIG,
            RuleError::NoDriver | RuleError::NoMatcher => EINVAL,
        }
    }
}
