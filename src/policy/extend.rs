// SPDX-License-Identifier: GPL-2.0

//! Extending a bus: from then on, its devices are like those of a native one.

mod wanted;

pub(crate) use wanted::{
    PublishedBuses,
    WantedBuses, //
};

use super::Policy;
use crate::{
    abstractions::device_attr,
    bus::extended::{
        Buses,
        ExtendError,
        Extended,
        Scope, //
    },
    device::watch::BusWatch,
};
use kernel::{
    prelude::*,
    str::BStr,
    sync::Arc, //
};

/// An extended bus; dropping it undoes that.
///
/// Overrides that rules have set are cleared. What users have set stays where it is, and means
/// nothing unless the bus is extended again.
///
/// Fields are dropped in declaration order: a device has the attribute for as long as it has a
/// meaning.
pub(crate) struct Extension {
    policy: Arc<Policy>,
    watch: BusWatch<Policy>,
    extended: Extended,
}

impl Extension {
    /// Extends the bus called `name`, and applies the rules to its devices.
    ///
    /// # Errors
    ///
    /// See [`ExtendError`].
    pub(crate) fn new(
        policy: &Arc<Policy>,
        buses: &Arc<Buses>,
        name: &[u8],
        scope: Scope,
        attributes: &'static [&'static device_attr::Group],
    ) -> Result<Self, ExtendError> {
        let extended = buses.extend(name, scope)?;
        let bus = extended.bus().clone();

        Ok(Self {
            policy: policy.clone(),
            watch: policy.watch(bus, attributes)?,
            extended,
        })
    }

    /// Gives devices that were there before to the drivers that their rules name.
    ///
    /// Devices that are bound stay so.
    pub(crate) fn bind_pending(&self) {
        self.policy.bind_pending(self.watch.bus());
    }

    /// Returns `true` if the bus is part of something that `contains` its address.
    fn is_part_of(&self, contains: impl FnOnce(usize) -> bool) -> bool {
        self.extended.bus().is_part_of(contains)
    }

    /// Which drivers a device with an override can have.
    pub(crate) fn scope(&self) -> Scope {
        self.extended.scope()
    }

    /// Changes that, for matches from now on.
    ///
    /// # Errors
    ///
    /// [`ExtendError::NoForce`].
    pub(crate) fn set_scope(&self, scope: Scope) -> Result<(), ExtendError> {
        self.extended.set_scope(scope)
    }
}

/// Says in the log why a bus is not extended, or not as was asked.
pub(crate) fn log_error(bus: &[u8], error: ExtendError) {
    pr_err!("bus {}: {}\n", BStr::from_bytes(bus), error.reason());
}
