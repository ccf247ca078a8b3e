// SPDX-License-Identifier: GPL-2.0

//! Rebind: moving devices to another driver, all or nothing.
//!
//! 1. Claim the devices, and validate: the driver exists, and neither it nor the old ones are closed
//!    to users.
//! 2. Prepare: remember the old drivers, make all that can fail to be made.
//! 3. Set the overrides.
//! 4. Release the devices from their old drivers, children before parents.
//! 5. Attach them to the new one, parents before children, and see whether they are bound to it.
//!
//! If 5 fails for any device, the overrides are put back as they were, and each device is given back
//! to the driver it had. Between 3 and 4 nothing can fail. Until the end, nobody else can give a
//! device to a third driver, as its override names the new one.

use super::Transactions;
use crate::{
    abstractions::{
        device,
        driver_override::{
            self,
            Override, //
        },
        uevent, //
    },
    bus,
    device::{
        outcome::Outcome,
        override_source::OverrideSource,
        tracked::TrackedDevice, //
    },
    driver_name::DriverName, //
};
use kernel::{
    device::Device,
    prelude::*,
    str::{
        BStr,
        CString, //
    },
    sync::Arc, //
};

/// What a device is to be bound to.
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
    fn as_override(&self) -> Option<&[u8]> {
        match self {
            Self::Standard => None,
            Self::Nothing => Some(DriverName::NONE),
            Self::Driver(name) => Some(name.as_bytes()),
        }
    }

    fn as_text(&self) -> &[u8] {
        self.as_override().unwrap_or(b"its standard driver")
    }

    /// Whether the device could be moved there, as far as can be known beforehand.
    fn validate(&self, dev: &Device) -> Result {
        if let Self::Driver(name) = self {
            let fixed = device::find_driver(dev, |drv| {
                (drv.name() == name.as_bytes()).then(|| drv.suppresses_bind_attrs())
            });

            match fixed {
                None => {
                    dev_err!(
                        dev,
                        "its bus has no driver {}\n",
                        BStr::from_bytes(name.as_bytes())
                    );
                    return Err(ENOENT);
                }
                Some(true) => {
                    let name = BStr::from_bytes(name.as_bytes());

                    dev_err!(dev, "{name} can't be bound by users\n");
                    return Err(EPERM);
                }
                Some(false) => {}
            }
        }

        if device::suppresses_bind_attrs(dev) {
            dev_err!(dev, "its driver can't be unbound by users\n");
            return Err(EPERM);
        }
        Ok(())
    }

    /// Whether the device, whose override is set, is where it should be already.
    fn is_reached(&self, dev: &Device) -> bool {
        // Waits for a probe that is under way.
        if !device::is_bound(dev) {
            return matches!(self, Self::Nothing);
        }
        match self {
            Self::Nothing => false,
            Self::Standard => current_driver_matches(dev),
            Self::Driver(name) => is_bound_to(dev, name.as_bytes()),
        }
    }

    /// Binds the device, whose override is set and whose old driver has let it go.
    fn attach(&self, dev: &Device) -> Result {
        match self {
            Self::Nothing => Ok(()),
            Self::Standard => attach_standard(dev),
            Self::Driver(name) => attach_to(dev, name.as_bytes()),
        }
    }
}

/// Whether the bus would let the device have the driver that it has.
fn current_driver_matches(dev: &Device) -> bool {
    let matches = device::find_driver(dev, |drv| {
        let is_current = device::with_driver_name(dev, |name| name == Some(drv.name()));

        is_current.then(|| bus::matches(dev, drv) == Ok(true))
    });

    matches.unwrap_or(false)
}

/// Binds the device to the driver called `name`.
fn attach_to(dev: &Device, name: &[u8]) -> Result {
    let ret = device::find_driver(dev, |drv| {
        if drv.name() != name {
            return None;
        }
        Some(match bus::matches(dev, drv) {
            Ok(true) => drv.attach(dev),
            Ok(false) => Err(ENODEV),
            Err(EPROBE_DEFER) => Err(EAGAIN),
            Err(err) => Err(err),
        })
    });

    match ret {
        None => Err(ENOENT),
        // Somebody else could only do what was to be done: the override names the driver.
        Some(Err(EBUSY)) if is_bound_to(dev, name) => Ok(()),
        Some(Ok(())) if !is_bound_to(dev, name) => Err(ENODEV),
        Some(ret) => ret,
    }
}

fn is_bound_to(dev: &Device, name: &[u8]) -> bool {
    device::is_bound(dev) && device::with_driver_name(dev, |driver| driver == Some(name))
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

/// A device in a transaction, and what is needed to put it back.
struct Participant<'a> {
    tracked: &'a Arc<TrackedDevice>,
    /// The override that the device has when it isn't the new one.
    other: Option<Override>,
    source: Option<OverrideSource>,
    old_driver: KVec<u8>,
    released: bool,
}

impl<'a> Participant<'a> {
    fn new(
        tracked: &'a Arc<TrackedDevice>,
        target: &Target,
        source: Option<OverrideSource>,
    ) -> Result<Self> {
        let dev = tracked.device();
        let mut old_driver = KVec::with_capacity(DriverName::MAX_LEN, GFP_KERNEL)?;

        // One that is only being probed is no driver yet.
        if device::is_bound(dev) {
            device::with_driver_name(dev, |name| {
                for &c in name.unwrap_or_default() {
                    // A name is a file name, so that there is room for it.
                    let _ = old_driver.push_within_capacity(c);
                }
            });
        }
        Ok(Self {
            tracked,
            other: target.as_override().map(Override::new).transpose()?,
            source,
            old_driver,
            released: false,
        })
    }

    fn device(&self) -> &'a Device {
        self.tracked.device()
    }

    /// Exchanges the device's override and source with the other ones.
    fn exchange(&mut self) {
        let mut state = self.tracked.state.lock();
        let old = driver_override::replace(self.device(), self.other.take());

        self.other = old;
        core::mem::swap(&mut state.source, &mut self.source);
        state.outcome = Outcome::Busy;
    }

    /// Puts the override back, unless a user has changed it meanwhile.
    fn restore(&mut self, target: &Target) {
        let mut state = self.tracked.state.lock();
        let old = self.other.take();

        match driver_override::replace_if(self.device(), target.as_override(), old) {
            Ok(new) => {
                core::mem::swap(&mut state.source, &mut self.source);
                self.other = new;
            }
            Err(old) => self.other = old,
        }
    }

    fn release(&mut self, target: &Target) {
        if !target.is_reached(self.device()) {
            device::release_driver(self.device());
            self.released = true;
        }
    }

    /// Gives the device back to its old driver.
    fn reattach(&self) -> Result {
        if !self.released || self.old_driver.is_empty() {
            return Ok(());
        }
        // Want of memory passes, and is no refusal.
        attach_to(self.device(), &self.old_driver).or_else(|err| match err {
            ENOMEM => attach_to(self.device(), &self.old_driver),
            err => Err(err),
        })
    }

    fn finish(&self, outcome: Outcome) {
        self.tracked.state.lock().outcome = outcome;
    }
}

impl Transactions {
    /// Moves one device.
    ///
    /// # Errors
    ///
    /// `ENOENT` if there is no such driver; `EPERM` if users can't bind or unbind it; `EAGAIN` if the
    /// probe defers; `EINTR` if a signal arrives while another rebind is waited for; or what the
    /// probe returns.
    pub(crate) fn rebind(&self, tracked: &Arc<TrackedDevice>, target: &Target) -> Result {
        self.transact(core::slice::from_ref(tracked), target, None)
    }

    /// Moves one device because of a rule.
    pub(crate) fn rebind_by_rule(
        &self,
        tracked: &Arc<TrackedDevice>,
        target: &Target,
        source: OverrideSource,
    ) -> Result {
        self.transact(core::slice::from_ref(tracked), target, Some(source))
    }

    /// Moves all endpoints of the device's IOMMU group, or none.
    ///
    /// # Errors
    ///
    /// As [`Transactions::rebind`] and [`Transactions::endpoints`].
    pub(crate) fn rebind_group(&self, tracked: &Arc<TrackedDevice>, target: &Target) -> Result {
        self.transact(&self.endpoints(tracked)?, target, None)
    }

    fn transact(
        &self,
        devices: &[Arc<TrackedDevice>],
        target: &Target,
        mut source: Option<OverrideSource>,
    ) -> Result {
        let _guard = self.lock.take(devices)?;

        for tracked in devices {
            target.validate(tracked.device())?;
        }
        let mut participants = KVec::with_capacity(devices.len(), GFP_KERNEL)?;
        for tracked in devices {
            let participant = Participant::new(tracked, target, source.take())?;

            participants.push(participant, GFP_KERNEL)?;
        }

        for participant in participants.iter_mut() {
            participant.exchange();
        }
        for participant in participants.iter_mut().rev() {
            participant.release(target);
        }

        let failed = participants.iter().find_map(|participant| {
            let dev = participant.device();
            let attached = if participant.released {
                target.attach(dev)
            } else {
                Ok(())
            };

            attached.err().map(|err| (dev, err))
        });

        match failed {
            None => {
                for participant in &participants {
                    participant.finish(Outcome::Done);
                    report(participant.device(), target, Outcome::Done);
                }
                Ok(())
            }
            Some((dev, err)) => {
                dev_err!(
                    dev,
                    "{} did not take it: error {}\n",
                    BStr::from_bytes(target.as_text()),
                    err.to_errno()
                );
                roll_back(&mut participants, target, err);
                Err(err)
            }
        }
    }
}

/// Puts everything back as it was.
fn roll_back(participants: &mut [Participant<'_>], target: &Target, error: Error) {
    for participant in participants.iter_mut().rev() {
        if participant.released {
            device::release_driver(participant.device());
        }
        participant.restore(target);
    }
    for participant in participants {
        let outcome = match participant.reattach() {
            Ok(()) => Outcome::RolledBack(error),
            Err(rollback) => {
                dev_err!(
                    participant.device(),
                    "{} did not take it back: error {}; it has no driver\n",
                    BStr::from_bytes(&participant.old_driver),
                    rollback.to_errno()
                );
                Outcome::Stranded { error, rollback }
            }
        };

        participant.finish(outcome);
        report(participant.device(), target, outcome);
    }
}

/// Tells userspace how a rebind ended.
fn report(dev: &Device, target: &Target, outcome: Outcome) {
    let result = match outcome {
        Outcome::RolledBack(_) => c"OVERDRIVE=rolled-back",
        Outcome::Stranded { .. } => c"OVERDRIVE=stranded",
        _ => c"OVERDRIVE=done",
    };
    let driver = target.as_override().unwrap_or_default();
    let driver = CString::try_from_fmt(fmt!("OVERDRIVE_DRIVER={}", BStr::from_bytes(driver)));

    if let Ok(driver) = driver {
        uevent::change(dev, [result, c"OVERDRIVE_BY=rebind", &driver]);
    }
}
