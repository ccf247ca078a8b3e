// SPDX-License-Identifier: GPL-2.0

//! The parameter `ids=` of vfio-pci, in the files of modprobe.d and on the kernel's command line.
//!
//! An entry is `VENDOR:DEVICE[:SUBVENDOR[:SUBDEVICE[:CLASS[:CLASS_MASK]]]]` in hexadecimal digits, as
//! `vfio_pci_fill_ids()` in drivers/vfio/pci/vfio_pci.c reads it.

use super::{Found, Wish};
use crate::{
    device::{Device, all_on_bus},
    system::System,
};

const FOLDERS: &[&str] = &["/etc/modprobe.d", "/run/modprobe.d", "/usr/lib/modprobe.d"];
const COMMAND_LINE: &str = "/proc/cmdline";
const DRIVER: &str = "vfio-pci";

/// An entry: numbers that a device must have, where `None` is any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Id {
    numbers: [Option<u64>; 4],
    class: u64,
    class_mask: u64,
}

impl Id {
    fn parse(text: &str) -> Option<Self> {
        const ANY: u64 = 0xffff_ffff;

        let parts: Option<Vec<u64>> = text
            .split(':')
            .map(|digits| u64::from_str_radix(digits, 16).ok())
            .collect();
        let parts = parts.filter(|parts| (2..=6).contains(&parts.len()))?;
        let number = |at: usize| parts.get(at).copied().filter(|number| *number != ANY);
        Some(Self {
            numbers: [number(0), number(1), number(2), number(3)],
            class: parts.get(4).copied().unwrap_or(0),
            class_mask: parts.get(5).copied().unwrap_or(0),
        })
    }

    fn fits(&self, system: &System, device: &Device) -> bool {
        let is = |name: &str, wanted: Option<u64>| {
            wanted.is_none() || system.number(&device.file(name)) == wanted
        };
        let class = system.number(&device.file("class")).unwrap_or(0);
        let [vendor, product, subvendor, subdevice] = self.numbers;
        is("vendor", vendor)
            && is("device", product)
            && is("subsystem_vendor", subvendor)
            && is("subsystem_device", subdevice)
            && (class ^ self.class) & self.class_mask == 0
    }
}

/// Adds all devices that an entry fits.
pub(super) fn find(system: &System, found: &mut Found) {
    let mut entries = Vec::new();
    for folder in FOLDERS {
        for name in system.list(folder) {
            let file = format!("{folder}/{name}");
            if name.ends_with(".conf") {
                let text = system.text(&file).unwrap_or_default();
                entries.extend(in_options(&text).map(|ids| (file.clone(), ids.to_owned())));
            }
        }
    }
    let line = system.text(COMMAND_LINE).unwrap_or_default();
    entries.extend(on_command_line(&line).map(|ids| (COMMAND_LINE.to_owned(), ids.to_owned())));
    if entries.is_empty() {
        return;
    }
    let devices: Vec<Device> = all_on_bus(system, "pci")
        .iter()
        .map(|path| Device::read_brief(system, path, "pci"))
        .collect();
    for (from, ids) in entries {
        for text in ids.split(',').filter(|text| !text.is_empty()) {
            add(system, &devices, &from, text, found);
        }
    }
}

fn add(system: &System, devices: &[Device], from: &str, text: &str, found: &mut Found) {
    let Some(id) = Id::parse(text) else {
        found.problems.push(format!("{from}: '{text}' is no ID"));
        return;
    };
    let before = found.wishes.len();
    let fitting = devices.iter().filter(|device| id.fits(system, device));
    found.wishes.extend(fitting.map(|device| Wish {
        device: device.clone(),
        driver: DRIVER.to_owned(),
        from: from.to_owned(),
    }));
    if found.wishes.len() == before {
        found
            .problems
            .push(format!("{from}: there is no device {text}"));
    }
}

/// Returns the lists of IDs in a file of modprobe.d.
fn in_options(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| {
        let mut words = line.split_whitespace();
        let is_ours = words.next() == Some("options") && words.next().is_some_and(is_vfio_pci);
        words
            .filter(move |_| is_ours)
            .filter_map(|word| word.strip_prefix("ids="))
            .map(|ids| ids.trim_matches('"'))
    })
}

/// Returns the lists of IDs on the kernel's command line.
fn on_command_line(line: &str) -> impl Iterator<Item = &str> {
    line.split_whitespace().filter_map(|word| {
        let (module, ids) = word.trim_matches('"').split_once(".ids=")?;
        is_vfio_pci(module).then(|| ids.trim_matches('"'))
    })
}

fn is_vfio_pci(module: &str) -> bool {
    matches!(module, "vfio-pci" | "vfio_pci")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_vfio_pci_are_found_under_both_spellings() {
        let options: Vec<&str> = in_options(
            "# options vfio-pci ids=1:1\noptions vfio_pci disable_vga=1 ids=10de:2204,10de:1aef\noptions snd ids=2:2\n",
        )
        .collect();
        assert_eq!(options, ["10de:2204,10de:1aef"]);
        let line: Vec<&str> =
            on_command_line("quiet vfio-pci.ids=8086:10d3 other.ids=1:1").collect();
        assert_eq!(line, ["8086:10d3"]);
    }

    #[test]
    fn an_id_of_vfio_pci_has_two_to_six_hexadecimal_numbers() {
        assert!(Id::parse("10de:2204").is_some());
        assert!(Id::parse("10de").is_none());
        assert!(Id::parse("10de:x").is_none());
        assert!(Id::parse("1:2:3:4:5:6:7").is_none());
        let any = Id::parse("10de:ffffffff:ffffffff").expect("an ID");
        assert_eq!(any.numbers, [Some(0x10de), None, None, None]);
    }
}
