// SPDX-License-Identifier: GPL-2.0

//! A device as sysfs shows it.

pub mod acs;
pub mod carried;
pub mod config_space;
pub mod find;
pub mod group;
pub mod hot_plug;
pub mod identity;
pub mod kind;
pub mod pci_address;
pub mod status;

use crate::{
    output::table::Tone,
    system::{System, base},
};

use status::{Rebind, Status};

/// A device, with what sysfs said about it when it was read.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its folder, without symbolic links.
    pub path: String,
    /// Its name on its bus.
    pub name: String,
    /// The bus's name, empty if it is on none.
    pub bus: String,
    /// Its driver.
    pub driver: Option<String>,
    /// The number of its IOMMU group.
    pub group: Option<u32>,
    /// `true` if it has a file `driver_override`.
    pub has_override_file: bool,
    /// The text of that file, if there is any.
    pub driver_override: Option<String>,
    /// The origin of the override: `user`, `kernel`, `rule:NAME` or `slot`.
    pub by: Option<String>,
    /// The module's status line, if the module follows the device.
    pub status: Option<Status>,
    /// The variables of a PCI device's uevent, empty if they were not read.
    pub variables: String,
}

impl Device {
    /// Reads the device whose folder is `path`, which has no symbolic links.
    pub fn read(system: &System, path: &str) -> Self {
        let bus = system
            .link_name(&format!("{path}/subsystem"))
            .unwrap_or_default();
        Self::read_on_bus(system, path, &bus)
    }

    /// Reads the device whose folder is `path` and that is on the bus `bus`.
    pub fn read_on_bus(system: &System, path: &str, bus: &str) -> Self {
        Self::read_some(system, path, bus, true)
    }

    /// Reads the same, but for the status of a device without an override, for tables of thousands of devices.
    pub fn read_brief(system: &System, path: &str, bus: &str) -> Self {
        Self::read_some(system, path, bus, false)
    }

    fn read_some(system: &System, path: &str, bus: &str, is_full: bool) -> Self {
        // What has gone meanwhile has nothing any more.
        let folder = system.folder(path);
        let link = |name| folder.as_ref()?.link_name(name);
        let text = folder
            .as_ref()
            .and_then(|folder| folder.attribute("driver_override"));
        let has_override_file = text.is_some();
        let driver_override = text
            .map(|text| text.trim_end_matches('\n').to_owned())
            .filter(|text| !text.is_empty() && text != "(null)");
        // One file has the driver's name and all that a table tells of a PCI device.
        let variables = folder
            .as_ref()
            .filter(|_| bus == "pci" && !is_full)
            .and_then(|folder| folder.attribute("uevent"))
            .unwrap_or_default();
        let named = variables
            .lines()
            .find_map(|line| line.strip_prefix("DRIVER="))
            .map(str::to_owned);
        let status = if is_full || driver_override.is_some() {
            Status::read(system, path)
        } else {
            None
        };
        let by = match (&status, &driver_override) {
            (Some(status), _) => status.by.clone(),
            (None, Some(_)) => Some("user".to_owned()),
            (None, None) => None,
        };
        Self {
            name: base(path).to_owned(),
            bus: bus.to_owned(),
            driver: named.or_else(|| link("driver")),
            group: link("iommu_group").and_then(|group| group.parse().ok()),
            has_override_file,
            driver_override,
            by,
            status,
            variables,
            path: path.to_owned(),
        }
    }

    /// Reads the device again.
    pub fn refresh(&mut self, system: &System) {
        *self = Self::read_on_bus(system, &self.path, &self.bus);
    }

    /// Returns the path of one of the device's files.
    pub fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.path)
    }

    /// Returns what the module says of the last rebind.
    pub fn rebind(&self) -> Option<&Rebind> {
        self.status.as_ref()?.rebind.as_ref()
    }

    /// Returns the module alias, if the bus knows one.
    pub fn modalias(&self, system: &System) -> Option<String> {
        system.word(&self.file("modalias"))
    }

    /// Returns `true` if a VFIO driver has the device.
    pub fn is_for_userspace(&self, system: &System) -> bool {
        system.is_dir(&self.file("vfio-dev"))
    }

    /// Returns the names of the device's VFIO character devices.
    pub fn vfio_nodes(&self, system: &System) -> Vec<String> {
        system.list(&self.file("vfio-dev"))
    }

    /// Returns `true` if the device does not keep userspace from the IOMMU group that it is in.
    pub fn is_harmless(&self, system: &System) -> bool {
        match self.driver.as_deref() {
            None | Some("pci-stub" | "pcieport") => true,
            Some(_) => self.is_for_userspace(system),
        }
    }

    /// Returns how a row about the device is shown.
    pub fn tone(&self, is_for_userspace: bool) -> Tone {
        if is_for_userspace {
            return Tone::Userspace;
        }
        match (self.driver_override.as_deref(), self.driver.as_deref()) {
            (Some(wanted), driver) if wanted != "none" && Some(wanted) != driver => Tone::Wrong,
            (_, None) => Tone::Idle,
            _ => Tone::Plain,
        }
    }
}

/// Returns the paths of all devices of a bus.
pub fn all_on_bus(system: &System, bus: &str) -> Vec<String> {
    let folder = format!("/sys/bus/{bus}/devices");
    system.follow_all(&folder)
}

/// Returns the names of all buses.
pub fn all_buses(system: &System) -> Vec<String> {
    system.list("/sys/bus")
}
