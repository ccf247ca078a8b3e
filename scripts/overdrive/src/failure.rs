// SPDX-License-Identifier: GPL-2.0

//! Failures: how a command ends that did not do what it was told.

use std::{io, process::ExitCode};

use crate::output;

/// An exit status. Scripts rely on the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Failed, and everything is as it was; for `doctor` and `check`: something is wrong.
    Failed = 1,
    /// Wrong usage.
    Usage = 2,
    /// Refused: the device is in use.
    InUse = 3,
    /// There is no such device, driver, rule, slot or bus.
    NotFound = 4,
    /// The module overdrive is needed and not loaded.
    NoModule = 5,
    /// Failed, and a device is without a driver now.
    Stranded = 6,
}

/// The end of a command that did not do what it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The exit status.
    pub exit: Exit,
    /// The lines for standard error; none if all was said before.
    pub lines: Vec<String>,
}

/// The result of an action whose failure ends the command.
pub type Result<T = ()> = std::result::Result<T, Failure>;

impl Failure {
    /// Returns a failure with one line of text.
    pub fn new(exit: Exit, text: impl Into<String>) -> Self {
        Self {
            exit,
            lines: vec![text.into()],
        }
    }

    /// Returns a failure about which everything has been said.
    pub fn silent(exit: Exit) -> Self {
        Self {
            exit,
            lines: Vec::new(),
        }
    }

    /// Returns a failure for what a person typed.
    pub fn usage(text: impl Into<String>) -> Self {
        Self::new(
            Exit::Usage,
            format!("{}; see overdrive --help", text.into()),
        )
    }

    /// Says why, and returns the status for the shell.
    pub fn tell(&self) -> ExitCode {
        for line in &self.lines {
            output::say(line);
        }
        ExitCode::from(self.exit as u8)
    }
}

/// Returns the text of an error as strerror(3) has it.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}
