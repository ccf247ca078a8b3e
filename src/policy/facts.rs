// SPDX-License-Identifier: GPL-2.0

//! The facts about a device that rules ask for.

use super::{
    group,
    rules::{
        table::RequiredFacts,
        MatchTarget, //
    }, //
};
use crate::abstractions::{
    device,
    iommu,
    uevent, //
};
use kernel::{
    device::Device,
    prelude::*, //
};

/// The facts about a device that rules ask for, found out before the table is locked.
pub(super) struct DeviceFacts<'a> {
    bus: &'a [u8],
    dev: &'a Device,
    modalias: KVec<u8>,
    group_owned: bool,
    /// What `@group` stands for, empty if that was not needed.
    pub(super) group_driver: KVec<u8>,
}

impl<'a> DeviceFacts<'a> {
    /// Finds out what is needed.
    pub(super) fn new(bus: &'a [u8], dev: &'a Device, required: RequiredFacts) -> Result<Self> {
        Ok(Self {
            bus,
            dev,
            modalias: if required.modalias {
                uevent::modalias(dev)?
            } else {
                KVec::new()
            },
            group_owned: required.group_owned
                && iommu::Group::of(dev).is_some_and(|group| group.is_owned()),
            group_driver: if required.group_driver {
                group::driver(dev)?
            } else {
                KVec::new()
            },
        })
    }
}

impl MatchTarget for DeviceFacts<'_> {
    fn bus(&self) -> &[u8] {
        self.bus
    }

    fn name(&self) -> &[u8] {
        self.dev.name().to_bytes()
    }

    fn parents(&self) -> [&[u8]; 2] {
        [
            device::parent(self.dev),
            device::physical_function(self.dev),
        ]
        .map(|dev| dev.map_or(&b""[..], |dev| dev.name().to_bytes()))
    }

    fn modalias(&self) -> &[u8] {
        &self.modalias
    }

    fn group_owned(&self) -> bool {
        self.group_owned
    }
}
