// SPDX-License-Identifier: GPL-2.0

//! The destination of devices: a driver, none, or the standard one.

use super::plan::Pace;
use crate::{
    abstractions::device,
    bus,
    driver_name::DriverName, //
};
use kernel::{
    device::Device,
    prelude::*,
    str::BStr, //
};

/// The driver that a device is to be bound to.
pub(crate) enum Target {
    /// The driver that it has without an override.
    Standard,
    /// No driver.
    Nothing,
    /// This driver.
    Driver(DriverName),
}

impl TryFrom<&[u8]> for Target {
    type Error = Error;

    /// Takes what a user wrote: a driver's name, `none`, or an empty line.
    fn try_from(line: &[u8]) -> Result<Self> {
        Ok(match line.strip_suffix(b"\n").unwrap_or(line) {
            b"" => Self::Standard,
            DriverName::NONE => Self::Nothing,
            name => Self::Driver(DriverName::try_from(name)?),
        })
    }
}

impl Target {
    /// The override that a device has there.
    pub(super) fn as_override(&self) -> Option<&[u8]> {
        match self {
            Self::Standard => None,
            Self::Nothing => Some(DriverName::NONE),
            Self::Driver(name) => Some(name.as_bytes()),
        }
    }

    /// The text that a reader of the log finds for it.
    pub(super) fn as_text(&self) -> &[u8] {
        self.as_override().unwrap_or(b"its standard driver")
    }

    /// Checks whether the device could be moved there, as far as can be known beforehand. Returns `true`
    /// if it goes to userspace then, or to nobody.
    ///
    /// # Errors
    ///
    /// `ENOENT` if there is no such driver, `EPERM` if users can't bind or unbind it.
    pub(super) fn validate(&self, dev: &Device) -> Result<bool> {
        let for_userspace = match self {
            Self::Standard => false,
            Self::Nothing => true,
            Self::Driver(name) => {
                let name = name.as_bytes();
                let found = find(dev, name, |drv| {
                    (drv.suppresses_bind_attrs(), drv.manages_dma())
                });
                let name = BStr::from_bytes(name);

                match found {
                    None => {
                        dev_err!(dev, "its bus has no driver {name}\n");
                        return Err(ENOENT);
                    }
                    Some((true, _)) => {
                        dev_err!(dev, "{name} can't be bound by users\n");
                        return Err(EPERM);
                    }
                    Some((false, for_userspace)) => for_userspace,
                }
            }
        };

        Ok(for_userspace)
    }

    /// The pace of attaching `dev`, and others like it, to this.
    pub(super) fn pace(&self, dev: &Device) -> Pace {
        match self {
            Self::Standard => Pace::InOrder,
            Self::Nothing => Pace::SideBySide,
            Self::Driver(name) => pace_of(dev, name.as_bytes()),
        }
    }

    /// Returns `true` if a device goes to userspace, or to nobody, when it goes there.
    pub(super) fn is_for_userspace(&self, dev: &Device) -> bool {
        match self {
            Self::Standard => false,
            Self::Nothing => true,
            Self::Driver(name) => find(dev, name.as_bytes(), |drv| drv.manages_dma()) == Some(true),
        }
    }

    /// Returns `true` if the device, whose override is set, is where it should be.
    ///
    /// Waits for a probe that is under way.
    pub(super) fn is_reached(&self, dev: &Device) -> bool {
        match self {
            Self::Nothing => !device::is_bound(dev),
            Self::Standard => device::is_bound(dev) && current_driver_matches(dev),
            Self::Driver(name) => is_bound_to(dev, name.as_bytes()),
        }
    }

    /// Binds the device, whose override is set and whose old driver has let it go.
    ///
    /// # Errors
    ///
    /// `EAGAIN` if the probe defers: nobody would try again. `ENOENT` if there is no such driver,
    /// `ENODEV` if it does not match, or what the probe returns.
    pub(super) fn attach(&self, dev: &Device) -> Result {
        match self {
            Self::Nothing => Ok(()),
            Self::Standard => attach_standard(dev),
            Self::Driver(name) => attach_to(dev, name.as_bytes()),
        }
    }
}

/// Asks the driver called `name` of the device's bus, if there is one.
fn find<R>(dev: &Device, name: &[u8], ask: impl Fn(&device::Driver) -> R) -> Option<R> {
    device::find_driver(dev, |drv| (drv.name() == name).then(|| ask(drv)))
}

/// The pace of attaching `dev` to the driver that it has now.
pub(super) fn pace_of_driver(dev: &Device) -> Pace {
    if device::has_dma_driver(dev) {
        Pace::SideBySide
    } else {
        Pace::InOrder
    }
}

/// The pace of attaching devices to the driver called `name`.
pub(super) fn pace_of(dev: &Device, name: &[u8]) -> Pace {
    let alone = find(dev, name, |drv| {
        !drv.manages_dma() || drv.forces_synchronous_probe()
    });

    match alone {
        Some(false) => Pace::SideBySide,
        Some(true) | None => Pace::InOrder,
    }
}

/// Returns `true` if the bus would let the device have the driver that it has.
fn current_driver_matches(dev: &Device) -> bool {
    let matches = device::find_driver(dev, |drv| {
        let is_current = device::with_driver_name(dev, |name| name == Some(drv.name()));

        is_current.then(|| bus::matches(dev, drv) == Ok(true))
    });

    matches.unwrap_or(false)
}

/// Binds the device to the driver called `name`.
pub(super) fn attach_to(dev: &Device, name: &[u8]) -> Result {
    let ret = find(dev, name, |drv| match bus::matches(dev, drv) {
        Ok(true) => drv.attach(dev),
        Ok(false) => Err(ENODEV),
        Err(EPROBE_DEFER) => Err(EAGAIN),
        Err(err) => Err(err),
    });

    match ret {
        None => Err(ENOENT),
        // Somebody else could only do what was to be done: the override names the driver.
        Some(Err(EBUSY)) if is_bound_to(dev, name) => Ok(()),
        Some(Ok(())) if !is_bound_to(dev, name) => Err(ENODEV),
        Some(ret) => ret,
    }
}

/// Returns `true` if the device is bound to the driver called `name`.
pub(super) fn is_bound_to(dev: &Device, name: &[u8]) -> bool {
    device::with_bound_driver(dev, |drv| drv.is_some_and(|drv| drv.name() == name))
}

/// Binds the device to the first driver that matches and takes it, as the bus does.
///
/// It is no error if there is none; it is one if a driver matches, but fails.
fn attach_standard(dev: &Device) -> Result {
    let mut failure = Ok(());
    let bound = device::find_driver(dev, |drv| {
        let ret = match bus::matches(dev, drv) {
            Ok(true) => drv.attach(dev),
            Ok(false) => return None,
            Err(EPROBE_DEFER) => Err(EAGAIN),
            Err(err) => Err(err),
        };

        match ret {
            Ok(()) => Some(()),
            Err(EBUSY) if device::is_bound(dev) => Some(()),
            // The driver says that the device is none of its own after all.
            Err(ENODEV | ENXIO) => None,
            Err(err) => {
                failure = failure.and(Err(err));
                None
            }
        }
    });

    match bound {
        Some(()) => Ok(()),
        None => failure,
    }
}
