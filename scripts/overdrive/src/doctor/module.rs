// SPDX-License-Identifier: GPL-2.0

//! The module itself.

use super::Finding;
use crate::{modules, system::System};

/// Adds that the module is not there.
pub(super) fn examine(system: &System, findings: &mut Vec<Finding>) {
    if modules::is_overdrive_loaded(system) {
        return;
    }
    if modules::is_installed(system, "overdrive") {
        findings.push(
            Finding::bad(
                "module-not-loaded",
                "overdrive",
                "the module is not loaded: no rule holds, and a rebind is no transaction",
            )
            .remedy("modprobe overdrive"),
        );
    } else {
        findings.push(
            Finding::bad(
                "module-missing",
                "overdrive",
                format!(
                    "there is no module for the kernel {}",
                    modules::release(system)
                ),
            )
            .remedy("build it for this kernel: see the README, or dkms status"),
        );
    }
}
