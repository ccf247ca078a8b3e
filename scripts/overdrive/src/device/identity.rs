// SPDX-License-Identifier: GPL-2.0

//! A device as rules see it.

use overdrive_rules::Device as Target;

use super::{Device, kind, pci_address::PciAddress};
use crate::system::{System, base, parent};

mod serial;

/// Returns what rules can name the device by. The module tells it; without the module, sysfs does.
pub fn of(system: &System, device: &Device) -> Target {
    let mut target = match system.text(&device.file("overdrive/identity")) {
        Some(text) => Target::from_identity(&device.bus, &device.name, &text),
        None => from_sysfs(system, device),
    };
    target.is_bridge = leads_to_devices(system, device);
    target.group_owned = device.status.as_ref().and_then(|status| status.owned) == Some(true);
    target
}

fn from_sysfs(system: &System, device: &Device) -> Target {
    let physfn = system.real(&device.file("physfn"));
    let mut target = Target {
        bus: device.bus.clone(),
        name: device.name.clone(),
        modalias: device.modalias(system),
        serial: serial::of(system, device),
        firmware: firmware(system, device),
        vf: physfn
            .as_ref()
            .and_then(|physfn| vf_index(system, physfn, &device.path)),
        ..Target::default()
    };
    if physfn.is_none() {
        target.paths = paths(&device.path);
    }
    let above = parent(&device.path);
    let mut parents = Vec::new();
    if is_device(system, above) {
        parents.push(above.to_owned());
    }
    parents.extend(physfn);
    for path in &parents {
        target.parents.extend(places(path));
    }
    target.ancestors = target.parents.clone();
    let mut folder = parent(above);
    while is_device(system, folder) {
        target.ancestors.extend(places(folder));
        folder = parent(folder);
    }
    target
}

fn is_device(system: &System, path: &str) -> bool {
    path.len() > "/sys/devices".len() && system.exists(&format!("{path}/uevent"))
}

/// Returns the name of the device whose folder is `path`, and its paths.
fn places(path: &str) -> Vec<String> {
    let mut places = paths(path);
    if places.is_empty() {
        places.push(base(path).to_owned());
    }
    places
}

/// Returns the PCI paths of the device whose folder is `path`, from each bus above it: the shortest first.
fn paths(path: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut tail = String::new();
    let mut folder = path;
    while let Some(address) = PciAddress::parse(base(folder)) {
        found.push(format!("{address}{tail}"));
        tail = format!("/{:02x}.{}{tail}", address.device, address.function);
        folder = parent(folder);
    }
    found
}

/// Returns the path of the firmware node.
fn firmware(system: &System, device: &Device) -> Option<String> {
    system
        .word(&device.file("firmware_node/path"))
        .or_else(|| {
            let node = system.real(&device.file("of_node"))?;
            node.strip_prefix("/sys/firmware/devicetree/base")
                .map(str::to_owned)
        })
        .and_then(|path| overdrive_rules::canonical("firmware", &path).ok())
}

fn vf_index(system: &System, physfn: &str, path: &str) -> Option<u16> {
    system.list(physfn).into_iter().find_map(|name| {
        let index = name.strip_prefix("virtfn")?.parse().ok()?;
        (system.real(&format!("{physfn}/{name}")).as_deref() == Some(path)).then_some(index)
    })
}

/// Returns `true` for PCI bridges, host bridges and USB hubs: other devices are reached through them.
pub fn leads_to_devices(system: &System, device: &Device) -> bool {
    match device.bus.as_str() {
        "pci" => {
            let class = system.line(&device.file("class"));
            kind::is_bridge(system, device)
                || class.starts_with("0x0600")
                || class.starts_with("0x0607")
        }
        "usb" => ["bDeviceClass", "bInterfaceClass"]
            .iter()
            .any(|file| system.line(&device.file(file)) == "09"),
        _ => false,
    }
}
