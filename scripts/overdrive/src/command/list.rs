// SPDX-License-Identifier: GPL-2.0

//! `list`: who owns what.

use std::collections::HashMap;

use serde::Serialize;

use crate::{
    args::Show,
    device::{Device, all_buses, all_on_bus, carried::Carried, kind},
    failure::{Exit, Failure, Result},
    output::{json, table::Table},
    system::System,
};

/// A device as programs see it.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) device: String,
    pub(super) bus: String,
    pub(super) path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) modalias: Option<String>,
    pub(super) group: Option<u32>,
    pub(super) driver: Option<String>,
    #[serde(rename = "override")]
    pub(super) driver_override: Option<String>,
    pub(super) by: Option<String>,
    pub(super) rebind: Option<String>,
    pub(super) what: Option<String>,
    pub(super) names: Vec<String>,
}

impl Row {
    /// Returns what there is to know of a device.
    pub(super) fn new(system: &System, carried: &Carried, device: &Device) -> Self {
        let status = device.status.as_ref();
        Self {
            device: device.name.clone(),
            bus: device.bus.clone(),
            path: device.path.clone(),
            modalias: None,
            group: device.group,
            driver: device.driver.clone(),
            driver_override: device.driver_override.clone(),
            by: device.by.clone(),
            rebind: status.and_then(|status| status.rebind_text.clone()),
            what: Some(kind::describe(system, device)).filter(|text| !text.is_empty()),
            names: carried.names(system, device),
        }
    }

    /// Returns what the device is, for people.
    pub(super) fn what(&self) -> String {
        let what = self.what.clone().unwrap_or_default();
        if self.names.is_empty() {
            what
        } else {
            format!("{what} ({})", self.names.join(" "))
        }
    }
}

/// Returns the devices that are to be shown.
pub(super) fn devices(system: &System, show: &Show) -> Result<Vec<Device>> {
    let read = if show.json {
        Device::read_on_bus
    } else {
        Device::read_brief
    };
    for bus in &show.bus {
        if bus.is_empty() || bus.contains('/') || !system.is_dir(&format!("/sys/bus/{bus}")) {
            return Err(Failure::new(
                Exit::NotFound,
                format!("there is no bus {bus}"),
            ));
        }
    }
    let everything = show.all || !show.bus.is_empty();
    let mut devices = Vec::new();
    for bus in all_buses(system) {
        if !show.bus.is_empty() && !show.bus.contains(&bus) {
            continue;
        }
        devices.extend(
            all_on_bus(system, &bus)
                .iter()
                .map(|path| read(system, path, &bus))
                .filter(|device| everything || is_interesting(device)),
        );
    }
    Ok(devices)
}

/// Returns `true` for what could get another driver, but for the many platform devices that have none at all.
fn is_interesting(device: &Device) -> bool {
    device.has_override_file
        && (device.bus == "pci" || device.driver.is_some() || device.driver_override.is_some())
}

/// Prints the devices as JSON.
pub(super) fn print_json(system: &System, devices: &[Device]) {
    let carried = Carried::survey(system);
    let rows: Vec<Row> = devices
        .iter()
        .map(|device| Row::new(system, &carried, device))
        .collect();
    json::print_json(&rows);
}

/// The drivers that are known to hand devices to userspace, or not to. A driver does it with all of its devices.
#[derive(Debug, Default)]
pub(super) struct VfioDrivers(HashMap<(String, String), bool>);

impl VfioDrivers {
    /// Returns `true` if the device's driver is one.
    pub(super) fn have(&mut self, system: &System, device: &Device) -> bool {
        let Some(driver) = &device.driver else {
            return false;
        };
        *self
            .0
            .entry((device.bus.clone(), driver.clone()))
            .or_insert_with(|| device.is_for_userspace(system))
    }
}

/// Runs the command.
pub(super) fn run(system: &System, show: &Show) -> Result {
    let devices = devices(system, show)?;
    if show.json {
        print_json(system, &devices);
        return Ok(());
    }
    let carried = Carried::survey(system);
    let mut table = Table::with_head(&["DEVICE", "GROUP", "DRIVER", "OVERRIDE", "BY", "WHAT"]);
    let mut drivers = VfioDrivers::default();
    for device in &devices {
        let row = Row::new(system, &carried, device);
        let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        table.row(
            device.tone(drivers.have(system, device)),
            [
                row.device.clone(),
                row.group
                    .map_or_else(|| "-".to_owned(), |group| group.to_string()),
                or_dash(&row.driver),
                or_dash(&row.driver_override),
                or_dash(&row.by),
                row.what(),
            ],
        );
    }
    table.print();
    Ok(())
}
