// SPDX-License-Identifier: GPL-2.0

//! Results in the format of the kernel's own tests.

use std::fmt::Display;

/// The reason for which a test did not pass.
pub enum Miss {
    /// It can't be done here.
    Skip(String),
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

/// Ends the test as one that can't be done here.
pub fn skip(why: impl Into<String>) -> Outcome {
    Err(Miss::Skip(why.into()))
}

/// Ends the test as failed.
pub fn fail(why: impl Into<String>) -> Outcome {
    Err(Miss::Fail(why.into()))
}

/// Prints results and counts them.
pub struct Report {
    number: usize,
    failed: usize,
}

impl Report {
    /// Announces how many results will follow.
    pub fn new(planned: usize) -> Self {
        println!("KTAP version 1");
        println!("1..{planned}");
        Self {
            number: 0,
            failed: 0,
        }
    }

    /// Prints the result of one test.
    pub fn result(&mut self, name: &str, outcome: Outcome) {
        self.number += 1;
        match outcome {
            Ok(()) => println!("ok {} {name}", self.number),
            Err(Miss::Skip(why)) => println!("ok {} {name} # SKIP {why}", self.number),
            Err(Miss::Fail(why)) => {
                self.failed += 1;
                println!("# {name}: {why}");
                println!("not ok {} {name}", self.number);
            }
        }
    }

    /// The exit status in the way of kselftest.
    pub fn finish(self) -> std::process::ExitCode {
        u8::from(self.failed > 0).into()
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
