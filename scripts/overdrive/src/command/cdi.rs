// SPDX-License-Identifier: GPL-2.0

//! `cdi`: a Container Device Interface specification of what is bound to VFIO.
//!
//! Container runtimes read it from `/etc/cdi` or `/run/cdi` and need no plugin. The format is that of the
//! specification of the Cloud Native Computing Foundation, version 0.5.0: the first one whose devices may have names
//! that begin with a digit.

use serde::Serialize;

use crate::{
    args,
    device::{Device, all_buses, all_on_bus},
    failure::{Exit, Failure, Result},
    output::json,
    system::System,
};

/// Files that every user of VFIO opens: the container of groups, and iommufd for character devices.
const SHARED: &[&str] = &["/dev/vfio/vfio", "/dev/iommu"];

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Specification {
    cdi_version: &'static str,
    kind: &'static str,
    devices: Vec<Row>,
    container_edits: Edits,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    name: String,
    container_edits: Edits,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Edits {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    device_nodes: Vec<Node>,
}

#[derive(Debug, Serialize)]
struct Node {
    path: String,
}

impl Edits {
    fn new(paths: impl IntoIterator<Item = String>) -> Self {
        Self {
            device_nodes: paths.into_iter().map(|path| Node { path }).collect(),
        }
    }
}

/// Runs the command.
pub(super) fn run(system: &System, _args: &args::Cdi) -> Result {
    let devices: Vec<Row> = all_buses(system)
        .iter()
        .flat_map(|bus| rows(system, bus))
        .collect();
    if devices.is_empty() {
        // A specification without devices is not valid.
        return Err(Failure::new(
            Exit::NotFound,
            "no device can be opened through VFIO; overdrive bind DEVICE vfio-meta makes one",
        ));
    }
    let shared = SHARED.iter().filter(|path| system.exists(path));
    json::print_json(&Specification {
        cdi_version: "0.5.0",
        kind: "overdrive/vfio",
        devices,
        container_edits: Edits::new(shared.map(|path| (*path).to_owned())),
    });
    Ok(())
}

/// Returns the devices of a bus that have a file which a container can be given.
fn rows(system: &System, bus: &str) -> Vec<Row> {
    all_on_bus(system, bus)
        .iter()
        .map(|path| Device::read_brief(system, path, bus))
        .filter(|device| device.is_for_userspace(system))
        .filter_map(|device| {
            let edits = Edits::new(nodes(system, &device));
            (!edits.device_nodes.is_empty()).then(|| Row {
                name: name(&device),
                container_edits: edits,
            })
        })
        .collect()
}

/// Returns the files by which userspace has the device: its group's, and its own.
fn nodes(system: &System, device: &Device) -> Vec<String> {
    let group = device.group.map(|number| {
        let kind = system.line(&format!("/sys/kernel/iommu_groups/{number}/name"));
        match kind.as_str() {
            "vfio-noiommu" => format!("/dev/vfio/noiommu-{number}"),
            _ => format!("/dev/vfio/{number}"),
        }
    });
    let own = device
        .vfio_nodes(system)
        .into_iter()
        .map(|node| format!("/dev/vfio/devices/{node}"));
    // The kernel may be built without one or the other.
    group
        .into_iter()
        .chain(own)
        .filter(|path| system.exists(path))
        .collect()
}

/// Returns the name in the specification, which has no other characters, begins and ends with a letter or digit, and is
/// the device's own on the bus PCI, and with the bus before it on others.
fn name(device: &Device) -> String {
    let full = match device.bus.as_str() {
        "pci" => device.name.clone(),
        bus => format!("{bus}-{}", device.name),
    };
    let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    let clean: String = full
        .chars()
        .map(|c| if is_good(c) { c } else { '-' })
        .collect();
    clean
        .trim_matches(|c: char| !c.is_ascii_alphanumeric())
        .to_owned()
}
