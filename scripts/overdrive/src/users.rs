// SPDX-License-Identifier: GPL-2.0

//! The users of a device: what would break if another driver took it.
//!
//! Every command that can take a device away from its driver asks here first.

mod block;
mod console;
mod functions;
mod mounts;
mod network;
mod nodes;
mod nvidia;
mod open_files;
mod shares;
mod suppliers;
mod swap;
mod vfio;
mod watchdog;

use std::cell::OnceCell;

use crate::{
    device::{Device, carried::Carried, kind},
    failure::{Exit, Failure, Result},
    output,
    system::System,
};

use mounts::Mounts;
use open_files::OpenFiles;

/// A use of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// A sentence without a full stop.
    pub text: String,
    /// `true` if the machine does not come up, or can't be reached, without the device.
    pub is_vital: bool,
}

impl Use {
    fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            is_vital: false,
        }
    }

    fn vital(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            is_vital: true,
        }
    }
}

/// A question about users. What is the same for all devices is found out once.
#[derive(Debug)]
pub struct Users<'a> {
    system: &'a System,
    carried: OnceCell<Carried>,
    mounts: OnceCell<Mounts>,
    open_files: OnceCell<OpenFiles>,
}

impl<'a> Users<'a> {
    /// Returns the users of the machine's devices as they are from now on.
    pub fn new(system: &'a System) -> Self {
        Self {
            system,
            carried: OnceCell::new(),
            mounts: OnceCell::new(),
            open_files: OnceCell::new(),
        }
    }

    /// Returns the interfaces and disks of all devices.
    pub fn carried(&self) -> &Carried {
        self.carried.get_or_init(|| Carried::survey(self.system))
    }

    fn mounts(&self) -> &Mounts {
        self.mounts.get_or_init(|| Mounts::read(self.system))
    }

    fn open_files(&self) -> &OpenFiles {
        self.open_files.get_or_init(|| OpenFiles::scan(self.system))
    }

    /// Returns every use of the device; none for a bridge.
    pub fn of(&self, device: &Device) -> Vec<Use> {
        if kind::is_bridge(self.system, device) {
            return Vec::new();
        }
        let mut uses = Vec::new();
        for disk in self.carried().disks(&device.path) {
            block::collect(self, disk, &mut uses);
        }
        for net in self.carried().nets(&device.path) {
            network::collect(self, net, &mut uses);
        }
        shares::collect(self, device, &mut uses);
        console::collect(self.system, device, &mut uses);
        functions::collect(self.system, device, &mut uses);
        suppliers::collect(self.system, device, &mut uses);
        vfio::collect(self, device, &mut uses);
        nvidia::collect(self, device, &mut uses);
        watchdog::collect(self, device, &mut uses);
        nodes::collect(self, device, &mut uses);
        let mut seen = Vec::new();
        uses.retain(|one| {
            let is_new = !seen.contains(&one.text);
            seen.push(one.text.clone());
            is_new
        });
        uses
    }

    /// Returns `true` if somebody loses the device when another driver gets it.
    ///
    /// Of a device without a driver, only the screen that the firmware has set up can be in use. At boot, that is so with
    /// every first graphics card, which the standard driver would take over as well.
    pub fn would_lose(&self, device: &Device) -> bool {
        device.driver.is_some() && !self.of(device).is_empty()
    }

    /// Refuses devices that are in use, and says who uses them.
    pub fn refuse<'d>(&self, devices: impl IntoIterator<Item = &'d Device>) -> Result {
        let mut refused = false;
        for device in devices {
            let uses = self.of(device);
            if uses.is_empty() {
                continue;
            }
            refused = true;
            output::say(format!("{} is in use:", device.name));
            for one in uses {
                output::say_more(one.text);
            }
        }
        if refused {
            return Err(Failure::new(
                Exit::InUse,
                "nothing was changed; --force takes it all the same",
            ));
        }
        Ok(())
    }

    /// Refuses devices without which the machine does not come up or can't be reached, and says why.
    pub fn refuse_vital<'d>(&self, devices: impl IntoIterator<Item = &'d Device>) -> Result {
        let mut refused = false;
        for device in devices {
            for one in self.of(device).into_iter().filter(|one| one.is_vital) {
                refused = true;
                output::say(format!(
                    "{}: {}, which the next boot would lose",
                    device.name, one.text
                ));
            }
        }
        if refused {
            return Err(Failure::new(
                Exit::InUse,
                "nothing was changed; --force saves it all the same",
            ));
        }
        Ok(())
    }

    /// Returns what can't be seen, for whoever relies on a device being free.
    pub fn blind_spots(&self) -> Option<&'static str> {
        self.open_files()
            .is_partial()
            .then_some("not all processes could be looked at: only root sees who has a device open")
    }
}
