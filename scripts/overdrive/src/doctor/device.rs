// SPDX-License-Identifier: GPL-2.0

//! A device that something was done with.

use super::Finding;
use crate::{
    device::{Device, status::Rebind},
    modules::driver,
    output::log,
    system::System,
};

/// Adds what is wrong with the device.
pub(super) fn examine(system: &System, device: &Device, findings: &mut Vec<Finding>) {
    let name = &device.name;
    match device.rebind() {
        Some(Rebind::RolledBack(error)) => findings.push(Finding::bad(
            "rolled-back",
            name,
            format!(
                "the last rebind failed with error {error}; it is as it was{}",
                last_words(system, name)
            ),
        )),
        Some(Rebind::Stranded(_)) => findings.push(
            Finding::bad(
                "stranded",
                name,
                format!(
                    "the last rebind failed, and its old driver did not take it back{}",
                    last_words(system, name)
                ),
            )
            .remedy(format!(
                "overdrive release {name}, or bind it to another driver"
            )),
        ),
        Some(Rebind::Deferred(error)) => findings.push(Finding::note(
            "deferred",
            name,
            format!(
                "the last rebind failed with error {error}, and its old driver takes it back as soon as it can"
            ),
        )),
        Some(Rebind::Busy) => findings.push(Finding::note(
            "rebind-busy",
            name,
            "a rebind is under way: it waits until nobody uses the device",
        )),
        _ => {}
    }
    match device.driver_override.as_deref() {
        None | Some("none") => {}
        Some(wanted) if device.driver.as_deref() == Some(wanted) => {
            openable(system, device, findings);
        }
        Some(wanted) => findings.push(misplaced(system, device, wanted)),
    }
}

/// Returns the finding for a device whose driver is not its override.
fn misplaced(system: &System, device: &Device, wanted: &str) -> Finding {
    let name = &device.name;
    let Some(driver) = &device.driver else {
        if !driver::exists(system, &device.bus, wanted) {
            return without_driver(device, wanted, "");
        }
        return Finding::bad(
            "driverless",
            name,
            format!(
                "{wanted} should have it, but does not{}",
                last_words(system, name)
            ),
        )
        .remedy(format!(
            "overdrive bind {name} {wanted}, or: overdrive release {name}"
        ));
    };
    if !driver::exists(system, &device.bus, wanted) {
        return without_driver(device, wanted, &format!(" after {driver}"));
    }
    Finding::note(
        "override-later",
        name,
        format!("{driver} has it until it is released, then {wanted} will"),
    )
    .remedy(format!("overdrive bind {name} {wanted}"))
}

fn without_driver(device: &Device, wanted: &str, after: &str) -> Finding {
    let name = &device.name;
    Finding::bad(
        "override-without-driver",
        name,
        format!(
            "its override is {wanted}, which is no driver of the bus {}: nothing else can have it{after}",
            device.bus
        ),
    )
    .remedy(format!(
        "load the module that brings {wanted}, or: overdrive release {name}"
    ))
}

/// Adds what keeps a device that is for userspace from being opened.
fn openable(system: &System, device: &Device, findings: &mut Vec<Finding>) {
    if !device.is_for_userspace(system) {
        return;
    }
    let name = &device.name;
    if !system.exists("/dev/vfio/vfio") && !system.exists("/dev/iommu") {
        findings.push(
            Finding::bad(
                "no-vfio-node",
                name,
                "there is neither /dev/vfio/vfio nor /dev/iommu",
            )
            .remedy("modprobe vfio_iommu_type1"),
        );
    }
    if device.bus == "pci" && !system.exists(&device.file("reset_method")) {
        findings.push(Finding::note(
            "no-reset",
            name,
            "it can not be reset: what one user leaves in it, the next one finds",
        ));
    }
}

/// Returns what the kernel log has to say last about a device, to end a sentence.
pub(super) fn last_words(system: &System, name: &str) -> String {
    match log::about(system, &format!(" {name}: ")).pop() {
        Some(line) => format!("; the kernel log: {line}"),
        None => String::new(),
    }
}
