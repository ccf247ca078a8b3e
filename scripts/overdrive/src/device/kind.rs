// SPDX-License-Identifier: GPL-2.0

//! The kind of a device, in a word for people.

use super::Device;
use crate::system::{System, parent};

/// PCI classes by the first digits of their numbers; the longest that fits counts.
const PCI_CLASSES: &[(&str, &str)] = &[
    ("0106", "SATA"),
    ("0108", "NVMe"),
    ("01", "storage"),
    ("02", "network"),
    ("03", "display"),
    ("0403", "audio"),
    ("04", "multimedia"),
    ("05", "memory"),
    ("0600", "host bridge"),
    ("0601", "ISA bridge"),
    ("0604", "bridge"),
    ("06", "other bridge"),
    ("07", "communication"),
    ("08", "system"),
    ("09", "input"),
    ("0c03", "USB controller"),
    ("0c05", "SMBus"),
    ("0d", "wireless"),
    ("12", "accelerator"),
];

/// Returns what the device is; empty if nothing is known.
pub fn describe(system: &System, device: &Device) -> String {
    let line = |name| system.line(&device.file(name));
    match device.bus.as_str() {
        "pci" => {
            let (class, id) = pci_identity(system, device);
            format!("{} {id}", pci_class(&class))
        }
        "usb" => [line("product"), line("interface")]
            .into_iter()
            .find(|text| !text.is_empty())
            .unwrap_or_else(|| system.line(&format!("{}/product", parent(&device.path)))),
        "virtio" => system
            .number(&device.file("device"))
            .map_or_else(String::new, |number| format!("virtio {number}")),
        _ => String::new(),
    }
}

/// Returns the class of a PCI device in six digits, and its ID. One file has both, at least on a machine that was not
/// recorded by half.
fn pci_identity(system: &System, device: &Device) -> (String, String) {
    let read;
    let text = if device.variables.is_empty() {
        read = system.attribute(&device.file("uevent")).unwrap_or_default();
        read.as_str()
    } else {
        &device.variables
    };
    if let (Some(class), Some(id)) = (variable(text, "PCI_CLASS="), variable(text, "PCI_ID=")) {
        return (format!("{class:0>6}"), id.to_ascii_lowercase());
    }
    let digits = |name| {
        let line = system.line(&device.file(name));
        line.trim_start_matches("0x").to_owned()
    };
    (
        digits("class"),
        format!("{}:{}", digits("vendor"), digits("device")),
    )
}

/// Returns `true` for a PCI bridge to another bus. What is behind it does not depend on its driver.
pub fn is_bridge(system: &System, device: &Device) -> bool {
    if device.bus != "pci" {
        return false;
    }
    // What was read already is not asked for again, because machines have thousands of devices.
    match variable(&device.variables, "PCI_CLASS=") {
        Some(class) => format!("{class:0>6}").starts_with("0604"),
        None => system.line(&device.file("class")).starts_with("0x0604"),
    }
}

/// Returns the value of a variable of a uevent, whose name ends with `=`.
fn variable<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(name))
}

fn pci_class(class: &str) -> &'static str {
    PCI_CLASSES
        .iter()
        .find(|(digits, _)| class.starts_with(digits))
        .map_or("device", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_class_that_fits_counts() {
        assert_eq!(pci_class("010802"), "NVMe");
        assert_eq!(pci_class("010000"), "storage");
        assert_eq!(pci_class("060400"), "bridge");
        assert_eq!(pci_class("ff0000"), "device");
    }
}
