// SPDX-License-Identifier: GPL-2.0

//! The saved policy, and what the next boot makes of it.

use super::Finding;
use crate::{
    boot_trial, modules,
    policy::{self, Policy},
    rule::{configfs, parameter},
    store::{Saved, Store, boot},
    system::System,
    users::Users,
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
    for rule in boot_trial::pending(system) {
        findings.push(
            Finding::note(
                "rule-on-trial",
                format!("rule {rule}"),
                "it is taken back soon, unless it is confirmed",
            )
            .remedy("overdrive confirm"),
        );
    }
    next_boot(system, &saved, findings);
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

/// Adds the devices without which the machine does not come up or can't be reached, and that it will not have.
fn next_boot(system: &System, saved: &Saved, findings: &mut Vec<Finding>) {
    if saved.rules.is_empty() && saved.slots.is_empty() {
        return;
    }
    let users = Users::new(system);
    let policy = Policy::at_boot(system, saved);
    for one in policy::moves(system, &policy, &policy::devices(system)) {
        for its in users.of(&one.device).into_iter().filter(|its| its.is_vital) {
            findings.push(
                Finding::bad(
                    "next-boot-loses",
                    &one.device.name,
                    format!("{}, and the next boot gives it to {}, by {}", its.text, one.driver, one.rule),
                )
                .remedy("overdrive plan --boot shows all of it; overdrive rule del --save removes a rule"),
            );
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
