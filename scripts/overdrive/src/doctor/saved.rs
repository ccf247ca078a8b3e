// SPDX-License-Identifier: GPL-2.0

//! The saved policy, and what the next boot makes of it.

use super::Finding;
use crate::{
    modules,
    rule::{configfs, parameter},
    store::{Store, boot},
    system::System,
};

/// Adds what of the saved policy does not hold, or will not.
pub(super) fn examine(system: &System, findings: &mut Vec<Finding>) {
    let store = Store::new(system);
    let saved = store.read();
    for problem in &saved.problems {
        findings.push(
            Finding::bad("saved-bad", "what is saved", problem.to_string())
                .remedy("put it right, or remove it; overdrive check tells when it is"),
        );
    }
    for image in boot::images(system) {
        // Removing a file changes the folder.
        for path in [
            store.folder().to_owned(),
            store.file("slots"),
            store.file("buses"),
        ] {
            if boot::is_newer(system, &path, &image) {
                findings.push(stale("what is saved", &path, &image));
                break;
            }
        }
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
                findings.push(stale(&subject, &entry.file, image));
            }
        }
    }
}

fn stale(subject: &str, path: &str, image: &str) -> Finding {
    Finding::bad(
        "initramfs-stale",
        subject,
        format!(
            "{path} was changed after {image} was made: the next boot begins with what was saved before"
        ),
    )
    .remedy("update-initramfs -u, or dracut --force")
}
