// SPDX-License-Identifier: GPL-2.0

//! The part that decides about devices, without the drivers that it gives them to.
//!
//! A module makes all of it when it is loaded. Built into the kernel, it is there before the first device of
//! PCI is found; the drivers, and the files in `/dev` and configfs, can only follow when VFIO is there.

#![deny(unsafe_code)]

use crate::{
    abstractions::{
        driver_override::DistinctOverrides,
        global::Published, //
    },
    bus,
    device,
    interface::{
        device_attrs,
        params::{
            BusSpec,
            Params, //
        }, //
    },
    policy,
    transaction, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// The early stage: what it made, and what is still to be done with it.
pub(crate) struct Early {
    pub(crate) watches: Watches,
    pub(crate) layers: Layers,
    pub(crate) pending: Arc<policy::extend::WantedBuses>,
    /// The parameters that are not used up.
    pub(crate) params: Params,
}

/// Those who are told of devices and buses.
///
/// Fields are dropped in declaration order.
pub(crate) struct Watches {
    /// The devices' files, and the rules' view of devices. Once it is gone, nobody can ask for a
    /// rebind anymore, which could otherwise find a driver that is about to go.
    pub(crate) native: policy::NativeBuses,
    /// The buses from the module parameter: those that are there, and those that come.
    _wanted: policy::extend::PublishedBuses,
    /// Nobody is in a file of a device that was removed anymore.
    _removed: device::list::Removed,
}

/// The layers, from the highest to the lowest.
///
/// Fields are dropped in declaration order.
pub(crate) struct Layers {
    /// The rules and slots from module parameters.
    _slots: Published<Arc<policy::slots::Slots>>,
    pub(crate) rules: KVec<policy::ActiveRule>,
    _extended: Published<Arc<bus::extended::Buses>>,
    _policy: Published<Arc<policy::Policy>>,
    _background: transaction::Background,
    _transactions: Published<Arc<transaction::Transactions>>,
    _devices: Published<Arc<device::list::Devices>>,
    /// The cache that overrides of rules come from.
    _overrides: DistinctOverrides,
}

impl Early {
    /// Reads the parameters, and decides about devices from now on.
    ///
    /// # Errors
    ///
    /// `EINVAL` if a parameter is no driver's name; `ENOMEM`.
    pub(crate) fn new(module: &'static ThisModule) -> Result<Self> {
        let mut params = Params::read()?;
        let overrides = DistinctOverrides::new()?;
        let devices = device::list::Devices::new()?;
        let transactions = transaction::Transactions::new(devices.clone(), module)?;
        let policy = policy::Policy::new(devices.clone(), transactions.clone())?;
        let rules = activate(&policy, core::mem::take(&mut params.rules))?;
        let slots = policy::slots::Slots::new(
            policy.clone(),
            params.pci_driver.try_clone()?,
            params.platform_driver.try_clone()?,
            core::mem::take(&mut params.slots),
        )?;
        let extended = bus::extended::Buses::new(module)?;
        let wanted = policy::extend::WantedBuses::new(&policy, &extended, &device_attrs::EXTENDED)?;
        let removed = device::list::Removed::new(&devices);

        let layers = Layers {
            _overrides: overrides,
            _devices: devices.publish()?,
            _transactions: transactions.publish()?,
            _background: transaction::Background::new()?,
            _policy: policy.clone().publish()?,
            _extended: extended.publish()?,
            rules,
            _slots: slots.publish()?,
        };
        // Before the VFIO drivers, which then find the overrides that name them.
        let native = policy::NativeBuses::new(&policy, &device_attrs::NATIVE)?;

        Ok(Self {
            watches: Watches {
                native,
                _wanted: want(wanted.clone(), core::mem::take(&mut params.buses))?,
                _removed: removed,
            },
            layers,
            pending: wanted,
            params,
        })
    }
}

/// Puts the rules from the module parameter in force.
fn activate(
    policy: &Arc<policy::Policy>,
    specs: KVec<policy::rules::Spec>,
) -> Result<KVec<policy::ActiveRule>> {
    let mut rules = KVec::with_capacity(specs.len(), GFP_KERNEL)?;

    for spec in specs {
        let rule = policy.activate(spec, policy.new_rule_id(), policy::rules::Origin::Rule)?;

        rules.push(rule, GFP_KERNEL)?;
    }
    Ok(rules)
}

/// Extends the buses from the module parameter, now or when they come.
fn want(
    wanted: Arc<policy::extend::WantedBuses>,
    specs: KVec<BusSpec>,
) -> Result<policy::extend::PublishedBuses> {
    for spec in specs {
        wanted.add(spec.name, spec.scope)?;
    }
    wanted.publish()
}
