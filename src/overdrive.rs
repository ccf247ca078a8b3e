// SPDX-License-Identifier: GPL-2.0

//! overdrive: decides which driver owns a device.
//!
//! Data flows through the layers in one direction: what a user writes enters through [`interface`];
//! [`policy`] knows which driver a device shall have, and [`transaction`] how it gets it; [`device`]
//! follows the devices that there are; [`bus`] knows what differs per bus. [`drivers`] holds the VFIO
//! drivers, which hand devices to userspace. All of them are safe Rust on top of [`abstractions`]; what
//! the compiler can't check is confined to that layer and to [`bindings`].

#[allow(
    unsafe_code,
    reason = "the boundary to C: every block argues for itself"
)]
mod abstractions;
#[allow(unsafe_code, reason = "generated declarations of C items")]
mod bindings;
mod bus;
mod device;
mod driver_name;
mod drivers;
mod interface;
mod policy;
mod rule_id;
mod transaction;

use abstractions::global::Published;
use kernel::{
    configfs,
    prelude::*,
    sync::Arc, //
};

module! {
    type: Overdrive,
    name: "overdrive",
    authors: ["The overdrive authors"],
    description: "Decides which driver owns a device",
    license: "GPL",
    // driverctl and others run `modprobe DRIVER` for the driver that they are asked to bind. The
    // drivers' default names are aliases of this module so that they find it.
    alias: ["vfio-meta", "vfio-platform"],
}

#[cfg(CONFIG_VFIO_PCI_CORE)]
abstractions::vfio::pci::device_table!(pci_ids, drivers::pci::IDS);

/// The loaded module.
///
/// Fields are dropped in declaration order, which is the reverse of the order in which they are
/// set up: nothing that is still registered may reach something that is already gone.
#[pin_data]
struct Overdrive {
    /// `/dev/overdrive`. The module can't be unloaded while it is open.
    #[pin]
    node: interface::transaction_dev::Node,
    /// The directory of rules. The module can't be unloaded while there are any in it.
    #[pin]
    configfs: configfs::Subsystem<interface::rules::Rules>,
    /// The directory of extended buses, likewise.
    #[pin]
    configfs_buses: configfs::Subsystem<interface::buses::Directory>,
    /// The files of the meta drivers, which are in the directories of these.
    #[pin]
    platform_slots: interface::slots::Files<interface::slots::Platform>,
    #[pin]
    pci_slots: interface::slots::Files<interface::slots::Pci>,
    /// The devices' files, and the rules' view of devices. Once it is gone, nobody can ask for a
    /// rebind anymore, which could otherwise find a driver that is about to go.
    ///
    /// The buses are those that are there, and those that come: native ones, and those of the module
    /// parameter.
    tracked: policy::extend::PublishedBuses,
    /// Nobody is in a file of a device that was removed anymore.
    removed: device::list::Removed,
    /// The drivers that claim devices. Unregistering them releases every device that they hold.
    drivers: drivers::Drivers,
    /// The rules and slots from module parameters.
    slots: Published<Arc<policy::slots::Slots>>,
    rules: KVec<policy::ActiveRule>,
    /// The layers, from the highest to the lowest.
    extended: Published<Arc<bus::extended::Buses>>,
    policy: Published<Arc<policy::Policy>>,
    background: transaction::Background,
    transactions: Published<Arc<transaction::Transactions>>,
    devices: Published<Arc<device::list::Devices>>,
    /// The cache that overrides of rules come from.
    overrides: abstractions::driver_override::DistinctOverrides,
}

impl kernel::InPlaceModule for Overdrive {
    fn init(module: &'static ThisModule) -> impl PinInit<Self, Error> {
        pin_init::pin_init_scope(move || {
            let params = interface::params::Params::read()?;
            let devices = device::list::Devices::new()?;
            let transactions = transaction::Transactions::new(devices.clone(), module)?;
            let shared = policy::Policy::new(devices.clone(), transactions.clone())?;
            let rules = activate(&shared, params.rules)?;
            let slots = policy::slots::Slots::new(
                shared.clone(),
                params.pci_driver.try_clone()?,
                params.platform_driver.try_clone()?,
                params.slots,
            )?;
            let buses = bus::extended::Buses::new(module)?;
            let wanted = policy::extend::WantedBuses::new(
                &shared,
                &buses,
                &interface::device_attrs::NATIVE,
                &interface::device_attrs::EXTENDED,
            )?;
            let pending = wanted.clone();
            let (pci_driver, platform_driver) = (
                params.pci_driver.try_clone()?,
                params.platform_driver.try_clone()?,
            );

            Ok(try_pin_init!(Self {
                overrides: abstractions::driver_override::DistinctOverrides::new()?,
                removed: device::list::Removed::new(&devices),
                devices: devices.publish()?,
                transactions: transactions.publish()?,
                background: transaction::Background::new()?,
                policy: shared.clone().publish()?,
                extended: buses.clone().publish()?,
                rules,
                slots: slots.publish()?,
                // Before the meta drivers, which then find the overrides that name them.
                tracked: track(wanted, params.buses)?,
                drivers: drivers::Drivers::new(
                    module,
                    params.pci_driver,
                    params.platform_driver,
                    params.amba_driver,
                    params.reset_required,
                )?,
                pci_slots <- interface::slots::Files::new(&pci_driver, module),
                platform_slots <- interface::slots::Files::new(&platform_driver, module),
                configfs_buses <- interface::buses::Directory::register(),
                configfs <- interface::rules::Rules::register(),
                node <- interface::transaction_dev::Session::register(module),
            })
            .pin_chain(move |this| {
                pending.bind_pending()?;
                for rule in &this.rules {
                    rule.warn_of_bus();
                }
                Ok(())
            }))
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

/// Tracks native buses, and extends those from the module parameter, now or when they come.
fn track(
    wanted: Arc<policy::extend::WantedBuses>,
    specs: KVec<interface::params::BusSpec>,
) -> Result<policy::extend::PublishedBuses> {
    wanted.track_native()?;
    for spec in specs {
        wanted.add(spec.name, spec.scope)?;
    }
    wanted.publish()
}
