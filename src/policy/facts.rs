// SPDX-License-Identifier: GPL-2.0

//! The facts about a device that rules ask for.

use super::{
    group,
    rules::{
        canonical,
        field::{
            Field,
            MatchTarget, //
        },
        table::RequiredFacts, //
    }, //
};
use crate::{
    abstractions::uevent,
    device::{
        tracked::TrackedDevice,
        usage, //
    }, //
};
use kernel::prelude::*;

/// The facts about a device that rules ask for, found out before the table is locked.
pub(super) struct DeviceFacts<'a> {
    tracked: &'a TrackedDevice,
    modalias: Option<KVec<u8>>,
    serial: Option<KVec<u8>>,
    group_owned: bool,
    /// What `@group` stands for; [`None`] if no rule asked.
    pub(super) group_driver: Option<KVec<u8>>,
}

impl<'a> DeviceFacts<'a> {
    /// Finds out what is needed. What can't be found out matches no rule that asks for it.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new(tracked: &'a TrackedDevice, required: RequiredFacts) -> Result<Self> {
        let dev = tracked.device();
        let modalias = required.contains(Field::Modalias).then(|| {
            uevent::modalias(dev).inspect_err(|err| {
                dev_warn!(dev, "its modalias is unknown: error {}\n", err.to_errno())
            })
        });
        // What is no text of a rule can't be one of a device that a rule names.
        let serial = tracked.identity.serial();
        let serial = serial.and_then(|serial| canonical::serial(serial).ok());

        Ok(Self {
            tracked,
            modalias: modalias.and_then(Result::ok),
            serial: serial.filter(|_| required.contains(Field::Serial)),
            group_owned: required.contains(Field::GroupOwned)
                && usage::group_is_owned(dev).unwrap_or(false),
            group_driver: match required.group_driver {
                true => Some(group::driver(dev)?),
                false => None,
            },
        })
    }
}

impl MatchTarget for DeviceFacts<'_> {
    fn bus(&self) -> &[u8] {
        self.tracked.bus()
    }

    fn name(&self) -> &[u8] {
        self.tracked.device().name().to_bytes()
    }

    fn is_bridge(&self) -> bool {
        self.tracked.identity.is_bridge
    }

    fn paths(&self) -> impl Iterator<Item = &[u8]> {
        self.tracked.identity.paths()
    }

    fn parents(&self) -> impl Iterator<Item = &[u8]> {
        self.tracked.identity.parents()
    }

    fn ancestors(&self) -> impl Iterator<Item = &[u8]> {
        self.tracked.identity.ancestors()
    }

    fn firmware(&self) -> Option<&[u8]> {
        self.tracked.identity.firmware()
    }

    fn serial(&self) -> Option<&[u8]> {
        self.serial.as_deref()
    }

    fn modalias(&self) -> Option<&[u8]> {
        self.modalias.as_deref()
    }

    fn vf(&self) -> Option<u16> {
        self.tracked.identity.vf
    }

    fn group_owned(&self) -> bool {
        self.group_owned
    }
}
