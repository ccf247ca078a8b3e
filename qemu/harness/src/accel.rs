// SPDX-License-Identifier: GPL-2.0

//! The accelerators of QEMU, and the arguments that each takes.

use std::{path::Path, process::Command};

use anyhow::{Context, Result};

use crate::machine::Machine;

/// The first QEMU whose TCG has an x2APIC.
const X2APIC_SINCE: u32 = 9;

/// An executor of the guest's instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accel {
    Kvm,
    Tcg,
    /// TCG with a thread for each processor, whatever the machine.
    Parallel,
    /// TCG with guest time that counts instructions.
    Counting,
}

impl Accel {
    /// The arguments for `qemu`, and this machine.
    ///
    /// TCG loses what a processor writes to memory-mapped registers while another one changes the
    /// memory map, as each BAR that is turned on or off does: until the first has flushed its TLB,
    /// its pages are looked up in the new map by their numbers in the old one. A processor whose end
    /// of an interrupt is lost gets no other one for ever; a queue whose doorbell is lost stands
    /// still. Where the processors take turns, in one thread, none of them does that to another.
    ///
    /// QEMU's main loop still can, when it plugs a device. An x2APIC has no registers in memory, so
    /// that the worst can't happen.
    pub(crate) fn args(self, qemu: &Path, machine: &Machine) -> Result<Vec<&'static str>> {
        let mut args = match self {
            Accel::Kvm => vec!["-accel", "kvm", "-cpu", "host"],
            Accel::Tcg if machine.remaps => vec!["-accel", "tcg,thread=single", "-cpu", "max"],
            Accel::Tcg | Accel::Parallel => vec!["-accel", "tcg,thread=multi", "-cpu", "max"],
            Accel::Counting => vec![
                "-accel",
                "tcg",
                "-icount",
                "shift=0,sleep=off",
                "-cpu",
                "max",
            ],
        };
        if let (Accel::Tcg | Accel::Parallel, Some(property)) = (self, machine.x2apic) {
            if major_version(qemu)? >= X2APIC_SINCE {
                args.extend(["-global", property]);
            }
        }
        Ok(args)
    }
}

fn major_version(qemu: &Path) -> Result<u32> {
    let output = Command::new(qemu)
        .arg("--version")
        .output()
        .with_context(|| format!("cannot run {}", qemu.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    parse_version(&text).with_context(|| format!("{}: no version: {text}", qemu.display()))
}

/// Reads "QEMU emulator version 10.0.2 (Debian ...)".
fn parse_version(text: &str) -> Option<u32> {
    let (_, version) = text.split_once(" version ")?;
    version.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        let debian =
            "QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2+deb13u1~bpo12+1)\nCopyright";
        assert_eq!(parse_version(debian), Some(10));
        assert_eq!(parse_version("QEMU emulator version 7.2.22"), Some(7));
        assert_eq!(parse_version("no such file"), None);
    }
}
