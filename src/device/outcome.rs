// SPDX-License-Identifier: GPL-2.0

//! The outcome of a rebind.

use kernel::{
    fmt,
    prelude::*, //
};

/// The outcome of the last rebind of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// There was none.
    Never,
    /// One is under way.
    Busy,
    /// The device has the driver that was asked for.
    Done,
    /// It was lent, and is back where it was before.
    Returned,
    /// It failed, and the old driver takes the device back as soon as it can.
    Deferred(Error),
    /// It failed, and everything is as it was before.
    RolledBack(Error),
    /// It failed, and so did the way back: the device has its old override, but no driver.
    Stranded {
        /// The error of the rebind.
        error: Error,
        /// The error with which the old driver did not take the device back.
        rollback: Error,
    },
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("never"),
            Self::Busy => f.write_str("busy"),
            Self::Done => f.write_str("done"),
            Self::Returned => f.write_str("returned"),
            Self::Deferred(error) => f.write_fmt(fmt!("deferred:{}", error.to_errno())),
            Self::RolledBack(error) => f.write_fmt(fmt!("rolled-back:{}", error.to_errno())),
            Self::Stranded { error, rollback } => f.write_fmt(fmt!(
                "stranded:{}:{}",
                error.to_errno(),
                rollback.to_errno()
            )),
        }
    }
}
