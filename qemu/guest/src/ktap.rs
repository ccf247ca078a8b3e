// SPDX-License-Identifier: GPL-2.0

//! Results in the format of the kernel's own tests.

use std::fmt::Display;

/// The reason for which a test did not pass.
pub enum Miss {
    /// This device, or this driver, has nothing for it.
    Inapplicable(String),
    /// Something is not as it must be.
    Fail(String),
}

impl<E: Display> From<E> for Miss {
    fn from(error: E) -> Self {
        Self::Fail(error.to_string())
    }
}

/// The result of one test.
pub type Outcome = Result<(), Miss>;

/// Ends the test as one that this device, or this driver, has nothing for: it has no result.
pub fn skip(why: impl Into<String>) -> Outcome {
    Err(Miss::Inapplicable(why.into()))
}

/// Ends the test as failed.
pub fn fail(why: impl Into<String>) -> Outcome {
    Err(Miss::Fail(why.into()))
}

/// The results of a program, printed as they come.
pub struct Report {
    expected: usize,
    inapplicable: usize,
    number: usize,
    failed: usize,
}

impl Report {
    /// Begins a report of so many tests.
    pub fn new(expected: usize) -> Self {
        println!("KTAP version 1");
        Self {
            expected,
            inapplicable: 0,
            number: 0,
            failed: 0,
        }
    }

    /// Prints the result of one test, unless it is inapplicable: then it is a remark only.
    pub fn result(&mut self, name: &str, outcome: Outcome) {
        match outcome {
            Ok(()) => {
                self.number += 1;
                println!("ok {} {name}", self.number);
            }
            Err(Miss::Inapplicable(why)) => {
                self.inapplicable += 1;
                println!("# not for this device: {name}: {why}");
            }
            Err(Miss::Fail(why)) => {
                self.number += 1;
                self.failed += 1;
                println!("# {name}: {why}");
                println!("not ok {} {name}", self.number);
            }
        }
    }

    /// Prints the plan, which only now is known, and returns the exit status in the way of kselftest.
    ///
    /// A test without a result is missing from the plan's count, and so a failure.
    pub fn finish(self) -> std::process::ExitCode {
        println!("1..{}", self.expected - self.inapplicable);
        u8::from(self.failed > 0 || self.number == 0).into()
    }
}

/// Compares, and tells the difference.
pub fn equal<T: PartialEq + std::fmt::Debug>(what: &str, actual: T, expected: T) -> Outcome {
    if actual == expected {
        Ok(())
    } else {
        fail(format!("{what} is {actual:x?}, expected {expected:x?}"))
    }
}

/// Expects a call to fail with just this errno.
pub fn fails<T>(what: &str, result: std::io::Result<T>, errno: i32) -> Outcome {
    let actual = match result {
        Ok(_) => "success".to_owned(),
        Err(error) if error.raw_os_error() == Some(errno) => return Ok(()),
        Err(error) => error.to_string(),
    };
    fail(format!(
        "{what}: {actual}, expected {}",
        std::io::Error::from_raw_os_error(errno)
    ))
}
