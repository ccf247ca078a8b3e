// SPDX-License-Identifier: GPL-2.0

//! Drives an edu device through VFIO, and checks everything that comes back.
//!
//! `overdrive-edu ADDRESS group|cdev variant|plain`: through which interface of VFIO the device is
//! opened, and whether overdrive's edu variant or a driver that knows nothing of the device has it.

mod device;
mod region;
mod tests;

use std::process::ExitCode;

use overdrive_guest::ktap::Report;

use crate::{device::Mode, tests::Subject};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let subject = match arguments.as_slice() {
        [
            address,
            mode @ ("group" | "cdev"),
            kind @ ("variant" | "plain"),
        ] => Subject {
            address,
            mode: if *mode == "cdev" {
                Mode::Cdev
            } else {
                Mode::Group
            },
            variant: *kind == "variant",
        },
        _ => {
            eprintln!("usage: overdrive-edu ADDRESS group|cdev variant|plain");
            return ExitCode::from(2);
        }
    };

    let mut report = Report::new(tests::ALL.len());
    for (name, test) in tests::ALL {
        report.result(name, test(&subject));
    }
    report.finish()
}
