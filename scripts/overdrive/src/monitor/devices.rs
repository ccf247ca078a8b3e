// SPDX-License-Identifier: GPL-2.0

//! Events of devices, from uevents.

use std::collections::HashSet;

use overdrive_rules::Verdict;

use super::{Event, Kind, Uevent};
use crate::{
    device::{Device, identity},
    policy::{self, Policy},
    system::{System, base},
};

/// The devices that are followed: those that can have an override.
#[derive(Debug)]
pub struct Devices {
    paths: HashSet<String>,
    only: Vec<String>,
}

impl Devices {
    /// Returns all devices that can have an override, or those with the names `only`.
    pub fn new(system: &System, only: Vec<String>) -> Self {
        let paths = policy::devices(system)
            .into_iter()
            .map(|device| device.path)
            .collect();
        Self { paths, only }
    }

    /// Returns what a uevent tells.
    pub fn hear(&mut self, system: &System, uevent: &Uevent) -> Vec<Event> {
        let name = base(&uevent.path);
        if !self.only.is_empty() && !self.only.iter().any(|its| its == name) {
            return Vec::new();
        }
        let event = |kind| Event {
            bus: uevent.get("SUBSYSTEM").map(str::to_owned),
            device: Some(name.to_owned()),
            ..Event::now(kind)
        };
        match uevent.action.as_str() {
            "change" => {
                let Some(word) = uevent.get("OVERDRIVE") else {
                    return Vec::new();
                };
                vec![Event {
                    driver: uevent.get("OVERDRIVE_DRIVER").map(str::to_owned),
                    by: uevent.get("OVERDRIVE_BY").map(str::to_owned),
                    ..event(Kind::of_module(word))
                }]
            }
            "add" => self.discovered(system, uevent, event(Kind::Add)),
            "remove" if self.paths.remove(&uevent.path) => vec![event(Kind::Remove)],
            "bind" if self.is_followed(system, uevent) => vec![Event {
                driver: uevent.get("DRIVER").map(str::to_owned),
                ..event(Kind::Bind)
            }],
            "unbind" if self.is_followed(system, uevent) => vec![event(Kind::Unbind)],
            _ => Vec::new(),
        }
    }

    /// Returns `true` if the device can have an override. Its bus may have been extended since it was discovered.
    fn is_followed(&mut self, system: &System, uevent: &Uevent) -> bool {
        if self.paths.contains(&uevent.path) {
            return true;
        }
        let has_file = system.exists(&format!("{}/driver_override", uevent.path));
        if has_file {
            self.paths.insert(uevent.path.clone());
        }
        has_file
    }

    fn discovered(&mut self, system: &System, uevent: &Uevent, event: Event) -> Vec<Event> {
        let bus = uevent.get("SUBSYSTEM").unwrap_or_default();
        let device = Device::read_on_bus(system, &uevent.path, bus);
        if !device.has_override_file {
            return Vec::new();
        }
        self.paths.insert(device.path.clone());
        let mut events = near_misses(system, &device, &event);
        let add = Event {
            driver: device.driver_override,
            by: device.by,
            ..event
        };
        events.insert(0, add);
        events
    }
}

/// Returns an event for each rule that is for the device's place, but for another device.
fn near_misses(system: &System, device: &Device, like: &Event) -> Vec<Event> {
    let target = identity::of(system, device);
    Policy::in_force(system)
        .rules
        .explain(&target)
        .into_iter()
        .filter(|one| one.is_near_miss)
        .map(|one| Event {
            event: Kind::NearMiss,
            rule: Some(one.rule.name.clone()),
            differs: match &one.verdict {
                Verdict::Mismatch { field } => Some(field.to_string()),
                _ => None,
            },
            ..like.clone()
        })
        .collect()
}
