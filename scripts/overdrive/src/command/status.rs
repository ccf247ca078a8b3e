// SPDX-License-Identifier: GPL-2.0

//! `status`: all about a device, and who uses it.

use serde::Serialize;

use super::list::Row;
use crate::{
    args,
    device::{Device, find, group, status::Rebind},
    failure::Result,
    output::{
        self, json,
        table::{Table, Tone},
    },
    system::System,
    users::Users,
};

#[derive(Debug, Serialize)]
struct Full {
    #[serde(flatten)]
    row: Row,
    owned: Option<bool>,
    lent: Option<String>,
    group_members: Vec<String>,
    in_use: Vec<String>,
}

/// Runs the command.
pub(super) fn run(system: &System, args: &args::Status) -> Result {
    let users = Users::new(system);
    let mut devices = Vec::new();
    for word in &args.devices {
        devices.push(find::find(system, word)?);
    }
    if args.json {
        let all: Vec<Full> = devices
            .iter()
            .map(|device| full(system, &users, device))
            .collect();
        json::print_json(&all);
        return Ok(());
    }
    for device in &devices {
        print(system, device, &full(system, &users, device));
    }
    if let Some(text) = users.blind_spots() {
        output::say(text);
    }
    Ok(())
}

fn full(system: &System, users: &Users<'_>, device: &Device) -> Full {
    let status = device.status.as_ref();
    let mut row = Row::new(system, users.carried(), device);
    row.modalias = device.modalias(system);
    Full {
        row,
        owned: status.and_then(|status| status.owned),
        lent: status.and_then(|status| status.lent.clone()),
        group_members: device.group.map_or_else(Vec::new, |group| {
            group::members(system, group)
                .into_iter()
                .map(|member| member.name)
                .collect()
        }),
        in_use: users.of(device).into_iter().map(|one| one.text).collect(),
    }
}

fn print(system: &System, device: &Device, full: &Full) {
    let mut table = Table::new();
    let mut pair = |key: &str, text: String| table.row(Tone::Plain, [key.to_owned(), text]);
    let row = &full.row;
    pair("device", row.device.clone());
    pair("is", row.what());
    pair("bus", row.bus.clone());
    pair("path", row.path.clone());
    if let Some(modalias) = &row.modalias {
        pair("modalias", modalias.clone());
    }
    pair(
        "driver",
        row.driver.clone().unwrap_or_else(|| "none".into()),
    );
    pair("override", override_text(device));
    if let Some(text) = device.rebind().and_then(rebind_text) {
        pair("last rebind", text);
    }
    if let Some(borrower) = &full.lent {
        pair(
            "lent",
            match borrower.as_str() {
                "returning" => "it goes back when nobody uses it any more".into(),
                _ => "as long as a process has /dev/overdrive open".into(),
            },
        );
    }
    pair(
        "IOMMU group",
        match row.group {
            Some(group) => format!("{group}: {}", full.group_members.join(" ")),
            None => "none".into(),
        },
    );
    for node in device.vfio_nodes(system) {
        pair("VFIO", format!("/dev/vfio/devices/{node}"));
    }
    if full.in_use.is_empty() {
        pair("used by", "nobody".into());
    }
    for one in &full.in_use {
        pair("used by", one.clone());
    }
    table.print();
}

fn override_text(device: &Device) -> String {
    match (&device.driver_override, &device.by) {
        _ if !device.has_override_file => "this bus has none".into(),
        (None, _) => "none is set".into(),
        (Some(text), None) => text.clone(),
        (Some(text), Some(by)) => format!("{text}, by {by}"),
    }
}

fn rebind_text(rebind: &Rebind) -> Option<String> {
    Some(match rebind {
        Rebind::Never => "there was none".into(),
        Rebind::Busy => "busy".into(),
        Rebind::Done => "done".into(),
        Rebind::Returned => "it was lent, and is back where it was".into(),
        Rebind::Deferred(error) => {
            format!("failed with error {error}; its old driver takes it back as soon as it can")
        }
        Rebind::RolledBack(error) => {
            format!("failed with error {error}, everything is as it was")
        }
        Rebind::Stranded(errors) => {
            format!("failed, and so did the way back (stranded:{errors})")
        }
        Rebind::Other(text) if text.is_empty() => return None,
        Rebind::Other(text) => text.clone(),
    })
}
