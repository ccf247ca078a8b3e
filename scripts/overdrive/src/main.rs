// SPDX-License-Identifier: GPL-2.0

//! The program `overdrive`.

use std::process::ExitCode;

fn main() -> ExitCode {
    overdrive::run()
}
