// SPDX-License-Identifier: GPL-2.0

//! What is saved, and what the next boot makes of it.

use super::Finding;
use crate::{
    modules,
    rule::{configfs, parameter},
    store::{Store, boot},
    system::System,
};

/// Adds what of the saved policy does not hold, or will not.
pub(super) fn examine(system: &System, findings: &mut Vec<Finding>) {
    let saved = Store::new(system).read();
    for problem in &saved.problems {
        findings.push(
            Finding::bad("saved-bad", "what is saved", problem.to_string())
                .remedy("put it right, or remove it; overdrive check tells when it is"),
        );
    }
    let is_loaded = modules::is_overdrive_loaded(system);
    let images = boot::images(system);
    for entry in &saved.rules {
        let name = &entry.value.name;
        let subject = format!("rule {name}");
        if is_loaded && !configfs::exists(system, name) && !parameter::has(system, name) {
            findings.push(
                Finding::bad(
                    "saved-not-in-force",
                    &subject,
                    format!("{} is not in force", entry.file),
                )
                .remedy("overdrive restore"),
            );
        }
        for image in &images {
            if boot::is_newer(system, &entry.file, image) {
                findings.push(
                    Finding::bad(
                        "initramfs-stale",
                        &subject,
                        format!(
                            "{} is newer than {image}: it will come too late after a reboot",
                            entry.file
                        ),
                    )
                    .remedy("update-initramfs -u, or dracut --force"),
                );
            }
        }
    }
}
