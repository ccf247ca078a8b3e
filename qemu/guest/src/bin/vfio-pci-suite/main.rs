// SPDX-License-Identifier: GPL-2.0

//! Parts of the VFIO protocol of PCI devices that the kernel's own selftests leave out.
//!
//! `vfio-pci-suite ADDRESS`: whatever the device can't do is skipped.

mod edu;
mod events;
mod hot_reset;
mod power;

use std::process::ExitCode;

use overdrive_guest::ktap::{Outcome, Report};

/// A test of the device with this address.
type Test = (&'static str, fn(&str) -> Outcome);

const TESTS: &[&[Test]] = &[events::TESTS, edu::TESTS, power::TESTS, hot_reset::TESTS];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let [_, address] = args.as_slice() else {
        eprintln!("usage: vfio-pci-suite ADDRESS");
        return ExitCode::from(2);
    };

    let mut report = Report::new(TESTS.iter().map(|tests| tests.len()).sum());
    for (name, test) in TESTS.iter().copied().flatten() {
        report.result(name, test(address));
    }
    report.finish()
}
