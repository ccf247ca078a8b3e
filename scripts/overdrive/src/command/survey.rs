// SPDX-License-Identifier: GPL-2.0

//! `survey`: which devices can be handed out, and why the others can not.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    args,
    device::{Device, acs, all_on_bus, kind},
    doctor::iommu,
    failure::Result,
    modules::alias::{self, Alias},
    output::{
        self, json,
        table::{Table, Tone},
    },
    system::System,
    users::Users,
};

#[derive(Debug, Serialize)]
struct Row {
    device: String,
    kind: String,
    driver: Option<String>,
    group: Option<u32>,
    /// The other devices of the IOMMU group, which would have to go along.
    with: Vec<String>,
    /// The ports and bridges above it that do not keep what is below them apart; `None` if that can't be seen.
    without_acs: Option<Vec<String>>,
    /// The addresses that its users can not have.
    reserved: Vec<String>,
    /// The modules of this kernel that are for it.
    modules: Vec<String>,
    /// The modules of this kernel that can hand it out.
    vfio_modules: Vec<String>,
    /// The methods by which the kernel can reset it; empty if it can not.
    reset: Vec<String>,
    in_use: Vec<String>,
    /// `true` if nothing is in the way.
    free: bool,
    /// The obstacles.
    why_not: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Survey {
    interrupt_remapping: bool,
    devices: Vec<Row>,
}

/// Runs the command.
pub(super) fn run(system: &System, args: &args::Survey) -> Result {
    let devices: Vec<Device> = all_on_bus(system, "pci")
        .iter()
        .map(|path| Device::read_brief(system, path, "pci"))
        .filter(|device| !is_fixed(system, device))
        .collect();
    let mut groups: BTreeMap<u32, Vec<&Device>> = BTreeMap::new();
    for device in &devices {
        if let Some(number) = device.group {
            groups.entry(number).or_default().push(device);
        }
    }
    let machine = Machine {
        system,
        users: Users::new(system),
        groups,
        aliases: alias::with_prefix(system, "pci:"),
        vfio_aliases: alias::with_prefix(system, "vfio_pci:"),
    };
    let survey = Survey {
        interrupt_remapping: iommu::has_interrupt_remapping(system),
        devices: devices.iter().map(|device| row(&machine, device)).collect(),
    };
    if args.json {
        json::print_json(&survey);
    } else {
        print(&survey);
    }
    Ok(())
}

/// Returns `true` for bridges, which nobody hands out.
fn is_fixed(system: &System, device: &Device) -> bool {
    system.line(&device.file("class")).starts_with("0x06")
}

/// The machine, with all that is read once.
struct Machine<'a> {
    system: &'a System,
    users: Users<'a>,
    groups: BTreeMap<u32, Vec<&'a Device>>,
    aliases: Vec<Alias>,
    vfio_aliases: Vec<Alias>,
}

fn row(machine: &Machine<'_>, device: &Device) -> Row {
    let system = machine.system;
    let in_use: Vec<String> = machine
        .users
        .of(device)
        .into_iter()
        .map(|one| one.text)
        .collect();
    let mut why_not = in_use.clone();
    let mut with = Vec::new();
    match device.group {
        None => why_not.push("it is in no IOMMU group".to_owned()),
        Some(number) => {
            for other in machine.groups.get(&number).into_iter().flatten() {
                if other.path == device.path {
                    continue;
                }
                with.push(other.name.clone());
                if !other.is_harmless(system) {
                    why_not.push(format!(
                        "{} of its IOMMU group is with {}",
                        other.name,
                        other.driver.as_deref().unwrap_or("no driver")
                    ));
                }
            }
            for region in iommu::direct_regions(system, number) {
                why_not.push(format!("the firmware uses memory at {region}"));
            }
        }
    }
    let modalias = device.modalias(system).unwrap_or_default();
    Row {
        without_acs: acs::missing_above(system, &device.path),
        reserved: device
            .group
            .map(|number| iommu::reserved_regions(system, number))
            .unwrap_or_default(),
        modules: alias::modules_among(&machine.aliases, &modalias),
        vfio_modules: alias::modules_among(&machine.vfio_aliases, &format!("vfio_{modalias}")),
        kind: kind::describe(system, device),
        driver: device.driver.clone(),
        group: device.group,
        reset: system
            .line(&device.file("reset_method"))
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
        device: device.name.clone(),
        free: why_not.is_empty(),
        with,
        in_use,
        why_not,
    }
}

fn print(survey: &Survey) {
    if !survey.interrupt_remapping {
        output::say("the IOMMU does not remap interrupts; see overdrive doctor");
    }
    let mut table = Table::with_head(&[
        "DEVICE", "KIND", "DRIVER", "GROUP", "ACS", "RESET", "MODULES", "WHY NOT",
    ]);
    for row in &survey.devices {
        let tone = if row.free {
            Tone::Userspace
        } else {
            Tone::Idle
        };
        let group = row
            .group
            .map_or("-".to_owned(), |number| number.to_string());
        let reset = if row.reset.is_empty() {
            "none".to_owned()
        } else {
            row.reset.join(",")
        };
        let acs = match &row.without_acs {
            None => "-",
            Some(missing) if missing.is_empty() => "yes",
            Some(_) => "no",
        };
        let modules = [row.modules.as_slice(), &row.vfio_modules].concat();
        let modules = if modules.is_empty() {
            "-".to_owned()
        } else {
            modules.join(",")
        };
        let why_not = if row.free {
            "-".to_owned()
        } else {
            row.why_not.join("; ")
        };
        table.row(
            tone,
            [
                row.device.as_str(),
                &row.kind,
                row.driver.as_deref().unwrap_or("-"),
                &group,
                acs,
                &reset,
                &modules,
                &why_not,
            ],
        );
    }
    table.print();
}
