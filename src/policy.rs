// SPDX-License-Identifier: GPL-2.0

//! Policy: which driver a device shall have.
//!
//! [`rules`] say which override a device is to have, and [`apply`] gives it to devices when they are
//! added. [`slots`] are rules in another syntax.

#![deny(unsafe_code)]

mod apply;
pub(crate) mod extend;
mod facts;
mod group;
mod report;
pub(crate) mod rules;
pub(crate) mod slots;
mod unbound;

pub(crate) use apply::ActiveRule;

use crate::{
    abstractions::{
        bus::Bus,
        delayed_work::DelayedWork,
        device_attr,
        global::{
            Global,
            Published, //
        },
    },
    bus,
    device::{
        list::Devices,
        tracked::TrackedDevice,
        watch::{
            self,
            BusWatch, //
        },
    },
    transaction::Transactions,
};
use kernel::{
    prelude::*,
    sync::{
        new_mutex,
        Arc,
        Mutex, //
    }, //
};
use report::KeptOff;
use rules::{
    table::Table,
    RuleId, //
};
use unbound::Unbound;

static POLICY: Global<Arc<Policy>> = Global::new();

/// The rules, with what it takes to add one.
struct Rules {
    table: Table,
    last_id: u64,
}

/// The rules that are in force.
#[pin_data]
pub(crate) struct Policy {
    #[pin]
    rules: Mutex<Rules>,
    devices: Arc<Devices>,
    transactions: Arc<Transactions>,
    #[pin]
    kept_off: DelayedWork<KeptOff>,
    #[pin]
    unbound: DelayedWork<Unbound>,
}

impl Policy {
    /// Makes a policy without rules, about `devices`.
    pub(crate) fn new(devices: Arc<Devices>, transactions: Arc<Transactions>) -> Result<Arc<Self>> {
        let unbound = Unbound::new(transactions.clone());

        Arc::pin_init(
            pin_init!(Self {
                rules <- new_mutex!(
                    Rules {
                        table: Table::new(),
                        last_id: 0,
                    },
                    "overdrive_rules"
                ),
                devices,
                transactions,
                kept_off <- DelayedWork::new(KeptOff::new()),
                unbound <- DelayedWork::new(unbound),
            }),
            GFP_KERNEL,
        )
    }

    /// Makes this the policy that users reach, until the guard is dropped.
    pub(crate) fn publish(self: Arc<Self>) -> Result<Published<Arc<Self>>> {
        POLICY.publish(self)
    }

    /// The policy that users reach.
    ///
    /// # Errors
    ///
    /// `ENODEV` while the module starts or stops.
    pub(crate) fn published() -> Result<Arc<Self>> {
        POLICY.get().ok_or(ENODEV)
    }

    /// The number of a rule that is made now.
    pub(crate) fn new_rule_id(&self) -> RuleId {
        let mut rules = self.rules.lock();

        rules.last_id += 1;
        RuleId(rules.last_id)
    }

    /// Tracks the devices of `bus`, which get `attributes`, and applies the rules to them.
    fn watch(
        self: &Arc<Self>,
        bus: Bus,
        attributes: &'static [&'static device_attr::Group],
    ) -> Result<BusWatch<Self>> {
        BusWatch::new(self.devices.clone(), self.clone(), bus, attributes)
    }
}

impl watch::Handler for Policy {
    fn added(&self, device: &Arc<TrackedDevice>) {
        self.apply_rules(device);
    }

    fn going(&self, device: &TrackedDevice) {
        self.transactions.going(device);
    }

    fn gone(&self, device: &TrackedDevice) {
        device.leave_override();
    }

    fn probed(&self, device: &Arc<TrackedDevice>, bound: bool) {
        if bound {
            device.settle_awaiting();
            self.make_good(device);
            self.report_bound(device);
        } else {
            self.find_out_why(device);
        }
    }

    fn untracked(&self, device: &TrackedDevice) {
        device.settle_awaiting();
        device.leave_override();
    }
}

/// The native buses, which are tracked for as long as this is there.
pub(crate) struct NativeBuses {
    policy: Arc<Policy>,
    watches: KVec<BusWatch<Policy>>,
}

impl NativeBuses {
    /// Tracks the devices of all native buses, which get `attributes`, and applies the rules to them.
    pub(crate) fn new(
        policy: &Arc<Policy>,
        attributes: &'static [&'static device_attr::Group],
    ) -> Result<Self> {
        let buses = bus::native::buses()?;
        let mut watches = KVec::with_capacity(buses.len(), GFP_KERNEL)?;

        for bus in buses {
            watches.push(policy.watch(bus, attributes)?, GFP_KERNEL)?;
        }
        Ok(Self {
            policy: policy.clone(),
            watches,
        })
    }

    /// Gives devices that were there before the module to the drivers that their rules name.
    ///
    /// Devices that are bound stay so.
    pub(crate) fn bind_pending(&self) {
        for watch in &self.watches {
            self.policy.bind_pending(watch.bus());
        }
    }
}
