// SPDX-License-Identifier: GPL-2.0

//! A tracked device, and what the module remembers of it.

use super::{
    identity::{
        Identity,
        Names, //
    },
    marks::Marks,
    outcome::Outcome,
    override_source::OverrideSource,
    relatives::Relatives, //
};
use crate::{
    abstractions::{
        driver_override::{
            self,
            Override,
            Token, //
        },
        uevent, //
    },
    rule_id::RuleId, //
};
use kernel::{
    device::Device,
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed, //
        },
        new_mutex,
        Arc,
        Mutex, //
    }, //
};

/// The way of a lent device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loan {
    /// The device is not lent.
    None,
    /// Somebody has borrowed it.
    Lent,
    /// It goes back as soon as nobody has it open.
    Returning,
}

/// The part of a [`TrackedDevice`] that changes.
pub(crate) struct DeviceState {
    /// The rule that set the override, if one did.
    pub(crate) source: Option<OverrideSource>,
    /// The rule that had set the override which a transaction may put back.
    pub(crate) shelved: Option<OverrideSource>,
    /// The override that the kernel set when the device was added.
    pub(crate) by_kernel: Token,
    pub(crate) outcome: Outcome,
    pub(crate) loan: Loan,
    /// The override that is put back when the old driver, which one names that has this token, has the
    /// device back.
    pub(crate) awaiting: Option<(Token, Option<Override>)>,
}

/// A bus whose devices are tracked.
pub(crate) struct TrackedBus {
    name: KVec<u8>,
    /// Changed while the [list of devices](super::list::Devices) is locked.
    closed: Atomic<bool>,
}

impl TrackedBus {
    pub(super) fn new(name: &[u8]) -> Result<Arc<Self>> {
        let mut copy = KVec::new();

        copy.extend_from_slice(name, GFP_KERNEL)?;
        Ok(Arc::new(
            Self {
                name: copy,
                closed: Atomic::new(false),
            },
            GFP_KERNEL,
        )?)
    }

    /// Returns `true` once the bus is not tracked anymore.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Relaxed)
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Relaxed);
    }
}

/// The files of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Files {
    /// It has none: not yet, or not anymore.
    None,
    /// It has them.
    There,
    /// It gets none anymore: they are gone, or go with its directory.
    Gone,
}

/// A device of a tracked bus.
#[pin_data]
pub(crate) struct TrackedDevice {
    dev: ARef<Device>,
    bus: Arc<TrackedBus>,
    relatives: Relatives,
    pub(crate) identity: Identity,
    pub(crate) marks: Marks,
    #[pin]
    pub(crate) state: Mutex<DeviceState>,
    /// Held while the files are added or removed.
    #[pin]
    pub(super) files: Mutex<Files>,
    /// `false` once userspace was told that the device was removed. Held while it is told anything.
    #[pin]
    tells: Mutex<bool>,
}

impl TrackedDevice {
    /// Tracks `dev`, which is not being removed.
    pub(super) fn new(dev: &Device, bus: &Arc<TrackedBus>) -> Result<Arc<Self>> {
        let relatives = Relatives::of(dev)?;
        let identity = Identity::of(dev);
        let (dev, bus) = (ARef::from(dev), bus.clone());

        Arc::pin_init(
            pin_init!(Self {
                dev,
                bus,
                relatives,
                identity,
                marks: Marks::new(),
                state <- new_mutex!(
                    DeviceState {
                        source: None,
                        shelved: None,
                        by_kernel: Token::NONE,
                        outcome: Outcome::Never,
                        loan: Loan::None,
                        awaiting: None,
                    },
                    "overdrive_device_state"
                ),
                files <- new_mutex!(Files::None, "overdrive_files"),
                tells <- new_mutex!(true, "overdrive_tells"),
            }),
            GFP_KERNEL,
        )
    }

    /// The texts that rules can name the device by, the serial number among them if `with_serial`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn names(&self, with_serial: bool) -> Result<Names> {
        Names::of(&self.dev, &self.relatives, &self.identity, with_serial)
    }

    /// The devices that it comes from.
    pub(crate) fn relatives(&self) -> &Relatives {
        &self.relatives
    }

    /// Sends a change uevent with variables, unless the device is gone.
    pub(crate) fn tell<const N: usize>(&self, variables: [&CStr; N]) {
        let tells = self.tells.lock();

        if *tells {
            uevent::change(&self.dev, variables);
        }
    }

    /// Tells userspace nothing anymore.
    pub(super) fn be_silent(&self) {
        *self.tells.lock() = false;
    }

    /// The device.
    pub(crate) fn device(&self) -> &Device {
        &self.dev
    }

    /// The name of its bus.
    pub(crate) fn bus(&self) -> &[u8] {
        &self.bus.name
    }

    /// Its bus.
    pub(crate) fn tracked_bus(&self) -> &Arc<TrackedBus> {
        &self.bus
    }

    /// Clears the override if that rule set it, or any if none is given, and nobody changed it since.
    pub(crate) fn clear_set_by(&self, rule: Option<RuleId>) {
        let mut state = self.state.lock();
        let is_of = |source: &mut OverrideSource| rule.is_none_or(|rule| source.rule == rule);
        let source = state.source.take_if(is_of);
        // Then whoever has shelved it puts nothing back.
        let shelved = state.shelved.take_if(is_of);
        let mut cleared: Result<Option<Override>, Option<Override>> = Ok(None);

        if let Some(source) = &source {
            cleared = driver_override::replace_token(&self.dev, source.token, None);
        }
        drop(state);
        drop((cleared, shelved));
    }

    /// Takes note that the kernel has set the override that the device has.
    ///
    /// It is exchanged for one that says the same and is never mistaken for another: the kernel's memory
    /// is handed out again, also for what a user writes.
    pub(super) fn note_kernel_override(&self) {
        let token = driver_override::token(&self.dev);
        let own = (token != Token::NONE)
            .then(|| driver_override::copy(&self.dev))
            .and_then(|text| Override::distinct(&text?).ok());
        let mut by_kernel = token;
        let mut old = Ok(None);

        if let Some(own) = own {
            let new = own.token();

            old = driver_override::replace_token(&self.dev, token, Some(own));
            if old.is_ok() {
                by_kernel = new;
            }
        }
        self.state.lock().by_kernel = by_kernel;
        drop(old);
    }

    /// Leaves the override to the kernel alone: clears what a rule set, and puts back what the kernel set.
    pub(crate) fn leave_override(&self) {
        self.clear_set_by(None);

        let by_kernel = self.state.lock().by_kernel;

        if by_kernel != Token::NONE {
            let text = driver_override::copy(&self.dev);
            // Without memory it is cleared: what stays would belong to a cache that goes away.
            let new = text.and_then(|text| Override::new(&text).ok());

            drop(driver_override::replace_token(&self.dev, by_kernel, new));
        }
    }

    /// Puts back the override from before a transaction, once the old driver has the device.
    pub(crate) fn settle_awaiting(&self) {
        let mut state = self.state.lock();
        let mut old = None;

        if let Some((token, other)) = state.awaiting.take() {
            let other = match state.shelved.take() {
                Some(source) => {
                    let is_its = Token::of(other.as_ref()) == source.token;

                    state.source = Some(source);
                    is_its.then_some(other).flatten()
                }
                None => other,
            };

            old = Some(driver_override::replace_token(&self.dev, token, other));
        }
        drop(state);
        drop(old);
    }

    /// The driver that a rule set, if nobody changed it since.
    pub(crate) fn rule_driver(&self) -> Result<Option<KVec<u8>>> {
        let state = self.state.lock();
        let mut driver = KVec::new();

        match &state.source {
            Some(source) if source.is_current(&self.dev) => {
                driver.extend_from_slice(&source.driver, GFP_KERNEL)?;
                Ok(Some(driver))
            }
            _ => Ok(None),
        }
    }

    /// Returns `true` if a user set the override, be it by a rebind.
    pub(crate) fn is_set_by_user(&self) -> bool {
        let state = self.state.lock();

        let token = driver_override::token(&self.dev);

        token != Token::NONE
            && token != state.by_kernel
            && state
                .source
                .as_ref()
                .is_none_or(|source| source.token != token)
    }
}
