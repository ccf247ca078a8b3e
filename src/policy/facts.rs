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
        table::RequiredFacts,
        ParseError, //
    }, //
};
use crate::{
    abstractions::uevent,
    device::{
        identity::Names,
        tracked::TrackedDevice,
        usage, //
    }, //
};
use kernel::prelude::*;

/// The facts about a device that rules ask for, found out before the table is locked.
pub(super) struct DeviceFacts<'a> {
    tracked: &'a TrackedDevice,
    names: Names,
    modalias: Option<KVec<u8>>,
    serial: Option<KVec<u8>>,
    group_owned: bool,
    /// The driver that `@group` stands for; [`None`] if no rule asked.
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
        let modalias = match required.contains(Field::Modalias) {
            true => match uevent::modalias(dev) {
                Ok(modalias) => Some(modalias),
                Err(ENOMEM) => return Err(ENOMEM),
                Err(err) => {
                    dev_warn!(dev, "its modalias is unknown: error {}\n", err.to_errno());
                    None
                }
            },
            false => None,
        };
        let by_name = [
            Field::Path,
            Field::Parent,
            Field::Below,
            Field::Firmware,
            Field::Serial,
        ];
        let names = match by_name.iter().any(|&field| required.contains(field)) {
            true => tracked.names(required.contains(Field::Serial))?,
            false => Names::default(),
        };
        // What is no text of a rule can't be one of a device that a rule names.
        let serial = match names.serial().map(canonical::serial) {
            Some(Err(bad)) if bad.reason == ParseError::NO_MEMORY => return Err(ENOMEM),
            serial => serial.and_then(Result::ok),
        };

        Ok(Self {
            tracked,
            modalias,
            serial,
            names,
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
        self.names.paths()
    }

    fn parents(&self) -> impl Iterator<Item = &[u8]> {
        self.names.parents()
    }

    fn ancestors(&self) -> impl Iterator<Item = &[u8]> {
        self.names.ancestors()
    }

    fn firmware(&self) -> Option<&[u8]> {
        self.names.firmware()
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
