// SPDX-License-Identifier: GPL-2.0

//! The rules that are in force.

use super::Finding;
use crate::{modules::driver, rule::configfs, system::System};

/// Adds what keeps rules from acting.
pub(super) fn examine(system: &System, findings: &mut Vec<Finding>) {
    for made in configfs::all(system) {
        let rule = &made.rule;
        let subject = format!("rule {}", rule.name);
        if !made.enabled {
            findings.push(
                Finding::note("rule-disabled", subject, "it is not in force").remedy(format!(
                    "echo 1 > {}",
                    configfs::file(&rule.name, "enabled")
                )),
            );
            continue;
        }
        let target = rule.driver();
        if !driver::is_word(target) && !driver::exists_anywhere(system, target) {
            findings.push(
                Finding::bad(
                    "rule-without-driver",
                    subject,
                    format!(
                        "it names the driver {target}, which no bus has: its devices stay without a driver"
                    ),
                )
                .remedy("load the module that brings it"),
            );
        }
    }
}
