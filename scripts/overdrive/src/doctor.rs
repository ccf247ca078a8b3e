// SPDX-License-Identifier: GPL-2.0

//! The causes that keep devices from their drivers, and what helps.

mod asked;
mod device;
pub mod iommu;
mod module;
mod rules;
mod saved;

use std::fmt;

use serde::Serialize;

use crate::{
    device::{Device, all_buses, all_on_bus, status::Rebind},
    system::System,
    users::Users,
};

/// The weight of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Something is in the way.
    Bad,
    /// Something that one should know.
    Note,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bad => "bad",
            Self::Note => "note",
        })
    }
}

/// A finding. Its name never changes; its text may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The weight.
    pub level: Level,
    /// The name.
    pub id: &'static str,
    /// A device, a rule, or another thing that the finding is about.
    pub subject: String,
    /// A sentence without a full stop.
    pub text: String,
    /// The remedy, if there is one.
    pub remedy: Option<String>,
}

impl Finding {
    fn bad(id: &'static str, subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            level: Level::Bad,
            id,
            subject: subject.into(),
            text: text.into(),
            remedy: None,
        }
    }

    fn note(id: &'static str, subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            level: Level::Note,
            ..Self::bad(id, subject, text)
        }
    }

    fn remedy(mut self, text: impl Into<String>) -> Self {
        self.remedy = Some(text.into());
        self
    }
}

/// Returns what is wrong with the machine, and with the devices that were asked for; without any, with all that
/// something was done with.
pub fn examine(system: &System, asked: &[Device]) -> Vec<Finding> {
    let mut findings = Vec::new();
    module::examine(system, &mut findings);
    iommu::examine(system, &mut findings);
    rules::examine(system, &mut findings);
    saved::examine(system, &mut findings);
    if asked.is_empty() {
        for device in touched(system) {
            device::examine(system, &device, &mut findings);
        }
    }
    let users = Users::new(system);
    for device in asked {
        device::examine(system, device, &mut findings);
        asked::examine(system, &users, device, &mut findings);
    }
    findings
}

/// Returns the devices that something was done with.
fn touched(system: &System) -> Vec<Device> {
    let mut devices = Vec::new();
    for bus in all_buses(system) {
        devices.extend(
            all_on_bus(system, &bus)
                .iter()
                .map(|path| Device::read_on_bus(system, path, &bus))
                .filter(|device| {
                    let is_calm = matches!(
                        device.rebind(),
                        None | Some(Rebind::Never | Rebind::Done | Rebind::Returned)
                    );
                    device.driver_override.is_some() || !is_calm
                }),
        );
    }
    devices
}
