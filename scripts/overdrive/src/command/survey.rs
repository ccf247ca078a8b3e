// SPDX-License-Identifier: GPL-2.0

//! `survey`: which devices can be handed out, and why the others can not.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    args,
    device::{Device, all_on_bus, kind},
    doctor::iommu,
    failure::Result,
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
    let users = Users::new(system);
    let survey = Survey {
        interrupt_remapping: iommu::has_interrupt_remapping(system),
        devices: devices
            .iter()
            .map(|device| row(system, &users, &groups, device))
            .collect(),
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

fn row(
    system: &System,
    users: &Users<'_>,
    groups: &BTreeMap<u32, Vec<&Device>>,
    device: &Device,
) -> Row {
    let in_use: Vec<String> = users.of(device).into_iter().map(|one| one.text).collect();
    let mut why_not = in_use.clone();
    let mut with = Vec::new();
    match device.group {
        None => why_not.push("it is in no IOMMU group".to_owned()),
        Some(number) => {
            for other in groups.get(&number).into_iter().flatten() {
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
    Row {
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
    let mut table = Table::with_head(&["DEVICE", "KIND", "DRIVER", "GROUP", "RESET", "WHY NOT"]);
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
                &reset,
                &why_not,
            ],
        );
    }
    table.print();
}
