// SPDX-License-Identifier: GPL-2.0

//! Moving devices to other drivers.

mod aftermath;
mod by_hand;
mod kernel;
mod loan;
pub mod question;
pub mod trial;
mod vfio;

pub use loan::Loan;

use crate::{
    device::{Device, find, group},
    failure::{Exit, Failure, Result},
    modules, output,
    system::System,
    users::Users,
};

/// The destination of devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// To a driver, by its name or its module's.
    Driver(String),
    /// To none, and all others are kept off.
    Nobody,
    /// To the driver that they would have without overdrive.
    Standard,
}

impl Target {
    /// Returns what `rebind` and `driver_override` are told.
    fn text(&self) -> &str {
        match self {
            Self::Driver(name) => name,
            Self::Nobody => "none",
            Self::Standard => "",
        }
    }

    /// Returns what the module's file for transactions is told.
    fn word(&self) -> &str {
        match self {
            Self::Driver(name) => name,
            Self::Nobody => "none",
            Self::Standard => "standard",
        }
    }

    /// Returns what a person is told.
    fn title(&self) -> &str {
        match self {
            Self::Driver(name) => name,
            Self::Nobody => "none",
            Self::Standard => "its standard driver",
        }
    }

    /// Returns `true` if a device is there already, as far as its driver goes.
    fn is_reached(&self, device: &Device) -> bool {
        match self {
            Self::Driver(name) => device.driver.as_ref() == Some(name),
            Self::Nobody => device.driver.is_none(),
            Self::Standard => false,
        }
    }
}

/// The options of a move.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// All devices of the IOMMU group come along.
    pub whole_group: bool,
    /// Devices in use are taken as well.
    pub force: bool,
}

/// Moves the devices that `words` name: all, or none. Returns those that were moved, as they are then.
pub fn run(
    system: &System,
    words: &[String],
    target: &Target,
    options: Options,
) -> Result<Vec<Device>> {
    let mut asked = Vec::new();
    for word in words {
        asked.push(find::find(system, word)?);
    }
    move_devices(system, &asked, target, options)
}

/// Moves devices: all, or none. Returns those that were moved, as they are then.
pub fn move_devices(
    system: &System,
    asked: &[Device],
    target: &Target,
    options: Options,
) -> Result<Vec<Device>> {
    let mut members = with_groups(system, asked, options)?;
    let users = Users::new(system);
    if !options.force {
        users.refuse(members.iter().filter(|device| would_lose(device, target)))?;
    }
    for device in &members {
        if !device.has_override_file {
            return Err(Failure::new(
                Exit::Failed,
                format!(
                    "{}: devices of the bus {} have no driver_override; see overdrive bus --help",
                    device.name, device.bus
                ),
            ));
        }
    }
    let target = ready(system, &members, target)?;
    let in_kernel = members
        .iter()
        .all(|device| system.exists(&device.file("overdrive/rebind")));
    if in_kernel {
        kernel::run(system, asked, &members, &target, options)?;
    } else {
        if !modules::is_overdrive_loaded(system) {
            output::say(
                "the module overdrive is not loaded: this is no transaction, and others can come between its writes",
            );
        }
        by_hand::run(system, &members, &target)?;
    }
    for device in &mut members {
        device.refresh(system);
        output::print(sentence(device));
    }
    for device in asked {
        vfio::tell(system, device);
    }
    aftermath::check(system, &members, &target)?;
    Ok(members)
}

/// Returns `true` if the device would lose its driver.
fn would_lose(device: &Device, target: &Target) -> bool {
    device.driver.is_none() || !target.is_reached(device)
}

/// Returns the devices, or with them all that share their IOMMU groups, each once.
fn with_groups(system: &System, asked: &[Device], options: Options) -> Result<Vec<Device>> {
    let mut members: Vec<Device> = Vec::new();
    for device in asked {
        let more = if options.whole_group {
            let group = device.group.ok_or_else(|| {
                Failure::new(
                    Exit::Failed,
                    format!(
                        "{} is in no IOMMU group; overdrive doctor {} says more",
                        device.name, device.name
                    ),
                )
            })?;
            group::members(system, group)
        } else {
            vec![device.clone()]
        };
        for one in more {
            if !members.iter().any(|member| member.path == one.path) {
                members.push(one);
            }
        }
    }
    Ok(members)
}

/// Loads what is needed, and returns the target with the driver's own name.
fn ready(system: &System, members: &[Device], target: &Target) -> Result<Target> {
    match target {
        Target::Nobody => Ok(Target::Nobody),
        Target::Standard => {
            for device in members {
                if let Some(modalias) = device.modalias(system) {
                    // A device that no module knows has a driver that is built in, or none.
                    let _ = modules::load(system, &modalias, &[]);
                }
            }
            Ok(Target::Standard)
        }
        Target::Driver(name) => {
            let mut found = name.clone();
            for device in members {
                found = modules::driver::require(system, &device.bus, &found)?;
            }
            Ok(Target::Driver(found))
        }
    }
}

fn sentence(device: &Device) -> String {
    let driver = device.driver.as_deref().unwrap_or("no driver");
    match &device.driver_override {
        Some(text) => format!("{}: {driver}, override {text}", device.name),
        None => format!("{}: {driver}", device.name),
    }
}
