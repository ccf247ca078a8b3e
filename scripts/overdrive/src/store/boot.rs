// SPDX-License-Identifier: GPL-2.0

//! The part of the saved policy that an initramfs has.

use std::os::unix::fs::MetadataExt;

use crate::{
    modules::{self, driver},
    rule::bus_needed,
    store::Saved,
    system::System,
};

/// Returns the images that the running kernel may have been booted with, and will be.
pub fn images(system: &System) -> Vec<String> {
    let release = modules::release(system);
    [
        format!("/boot/initrd.img-{release}"),
        format!("/boot/initramfs-{release}.img"),
        format!("/boot/initrd-{release}"),
    ]
    .into_iter()
    .filter(|image| system.exists(image))
    .collect()
}

/// Returns `true` if the file or folder `path` was changed after `image` was made. A copy that keeps the time of its
/// original was changed when it came.
pub fn is_newer(system: &System, path: &str, image: &str) -> bool {
    let meta = |path: &str| std::fs::metadata(system.at_root(path)).ok();
    let (Some(path), Some(image)) = (meta(path), meta(image)) else {
        return false;
    };
    let made = (image.mtime(), image.mtime_nsec());
    (path.mtime(), path.mtime_nsec()) > made || (path.ctime(), path.ctime_nsec()) > made
}

/// Returns the hint to make the initramfs anew, where there is a tool that makes it.
pub fn advice(system: &System) -> Option<&'static str> {
    (system.is_dir("/etc/initramfs-tools") || system.is_dir("/etc/dracut.conf.d")).then_some(
        "build the initramfs again (update-initramfs -u, or dracut --force), so that it holds from the first probe",
    )
}

/// Buses that are modules, as far as they are known, and their modules.
const BUS_MODULES: &[(&str, &str)] = &[
    ("hid", "hid"),
    ("i2c", "i2c-core"),
    ("mmc", "mmc_core"),
    ("scsi", "scsi_mod"),
    ("sdio", "mmc_core"),
    ("usb", "usbcore"),
    ("usb-serial", "usbserial"),
];

/// Returns the module that brings a bus, where it is not built in.
pub fn bus_module(bus: &str) -> &str {
    BUS_MODULES
        .iter()
        .find(|(name, _)| *name == bus)
        .map_or(bus, |(_, module)| module)
}

/// Returns `true` for the name of a bus that may be a module which is not loaded yet.
pub fn is_bus(name: &str) -> bool {
    BUS_MODULES.iter().any(|(its, _)| *its == name)
}

/// Returns the modules of the drivers and buses that what is saved names, each once. Some may be built in, or have another
/// name: modprobe knows.
pub fn modules(system: &System, saved: &Saved) -> Vec<String> {
    let mut names = Vec::new();
    for entry in &saved.rules {
        let name = entry.value.driver();
        if !driver::is_word(name) {
            names.push(name.to_owned());
        }
        if let Some(bus) = bus_needed::of(system, &entry.value) {
            if bus != "pci" && bus != "platform" {
                names.push(bus_module(&bus).to_owned());
            }
        }
    }
    for entry in &saved.buses {
        names.push(bus_module(&entry.value.0).to_owned());
    }
    names.sort();
    names.dedup();
    names
}
