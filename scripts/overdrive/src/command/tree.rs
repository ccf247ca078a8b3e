// SPDX-License-Identifier: GPL-2.0

//! `tree`: who owns what, by bus and IOMMU group.

use super::list::{self, Row, VfioDrivers};
use crate::{
    args::Show,
    device::{Device, carried::Carried},
    failure::Result,
    output::table::{Table, Tone},
    system::System,
};

/// Runs the command.
pub(super) fn run(system: &System, show: &Show) -> Result {
    let mut devices = list::devices(system, show)?;
    if show.json {
        // The same objects: bus and group are in them.
        list::print_json(system, &devices);
        return Ok(());
    }
    devices.sort_by(|a, b| (&a.bus, a.group, &a.name).cmp(&(&b.bus, b.group, &b.name)));
    let carried = Carried::survey(system);
    let mut table = Table::new();
    let mut drivers = VfioDrivers::default();
    let mut last: Option<(String, Option<u32>)> = None;
    for device in &devices {
        let (bus, group) = (device.bus.clone(), device.group);
        if last.as_ref().is_none_or(|(its, _)| *its != bus) {
            table.row(Tone::Head, [bus.clone()]);
            last = None;
        }
        if last.as_ref().is_none_or(|(_, its)| *its != group) {
            let title = match group {
                Some(group) => format!("  IOMMU group {group}"),
                None => "  no IOMMU group".to_owned(),
            };
            table.row(Tone::Plain, [title]);
        }
        last = Some((bus, group));
        let what = Row::new(system, &carried, device).what();
        table.row(
            device.tone(drivers.have(system, device)),
            [format!("    {}", device.name), title(device), what],
        );
    }
    table.print();
    Ok(())
}

fn title(device: &Device) -> String {
    let driver = device.driver.as_deref().unwrap_or("no driver");
    let by = device.by.as_deref().unwrap_or("user");
    match device.driver_override.as_deref() {
        None => driver.to_owned(),
        Some(text) if Some(text) == device.driver.as_deref() => format!("{driver}, as {by} says"),
        Some(text) => format!("{driver}, override {text} by {by}"),
    }
}
