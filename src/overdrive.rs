// SPDX-License-Identifier: GPL-2.0

//! overdrive: decides which driver owns a device.
//!
//! The crate is a house of six rooms, and data flows through them in one direction: what a user
//! writes enters through [`interface`], [`binding`] decides, [`bus`] knows what differs per bus,
//! [`meta`] holds the drivers that hand devices to userspace. All of them are safe Rust on top of
//! [`abstractions`]; what the compiler can't check is confined to that room and to [`bindings`].

#[allow(
    unsafe_code,
    reason = "the boundary to C: every block argues for itself"
)]
mod abstractions;
mod binding;
#[allow(unsafe_code, reason = "generated declarations of C items")]
mod bindings;
mod bus;
mod interface;
mod meta;

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
abstractions::pci::device_table!(pci_ids, meta::pci::IDS);

/// The loaded module.
///
/// Fields are dropped in declaration order, which is the reverse of the order in which they are
/// set up: nothing that is still registered may reach something that is already gone.
#[pin_data]
struct Overdrive {
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
    watch: binding::hotplug::Watch,
    /// The buses from the module parameter.
    extensions: KVec<binding::extend::Extension>,
    /// The drivers that claim devices. Unregistering them releases every device that they hold.
    #[pin]
    meta: meta::Drivers,
    /// The rules and slots from module parameters.
    slots: Published<Arc<meta::slots::Slots>>,
    rules: KVec<binding::ActiveRule>,
    /// What all of these share.
    extended: Published<Arc<bus::extended::Buses>>,
    shared: Published<Arc<binding::Engine>>,
}

impl kernel::InPlaceModule for Overdrive {
    fn init(module: &'static ThisModule) -> impl PinInit<Self, Error> {
        pin_init::pin_init_scope(move || {
            let params = interface::params::Params::read()?;
            let engine = binding::Engine::new()?;
            let rules = activate(&engine, params.rules)?;
            let slots = meta::slots::Slots::new(
                engine.clone(),
                params.pci_driver.try_clone()?,
                params.platform_driver.try_clone()?,
                params.slots,
            )?;
            let buses = bus::extended::Buses::new(module)?;
            let (pci_driver, platform_driver) = (
                params.pci_driver.try_clone()?,
                params.platform_driver.try_clone()?,
            );

            Ok(try_pin_init!(Self {
                shared: engine.clone().publish()?,
                extended: buses.clone().publish()?,
                rules,
                slots: slots.publish()?,
                // Before the meta drivers, which then find the overrides that name them.
                watch: binding::hotplug::Watch::new(
                    &engine,
                    bus::native::buses()?,
                    &interface::device_attrs::NATIVE,
                )?,
                extensions: extend(&engine, &buses, params.buses)?,
                meta <- meta::Drivers::new(
                    module,
                    params.pci_driver,
                    params.platform_driver,
                    params.amba_driver,
                    params.reset_required,
                ),
                pci_slots <- interface::slots::Files::new(&pci_driver, module),
                platform_slots <- interface::slots::Files::new(&platform_driver, module),
                configfs_buses <- interface::buses::Directory::register(),
                configfs <- interface::rules::Rules::register(),
            })
            .pin_chain(|this| {
                this.watch.bind_pending();
                for extension in &this.extensions {
                    extension.bind_pending();
                }
                Ok(())
            }))
        })
    }
}

/// Puts the rules from the module parameter in force.
fn activate(
    engine: &Arc<binding::Engine>,
    specs: KVec<binding::rules::Spec>,
) -> Result<KVec<binding::ActiveRule>> {
    let mut rules = KVec::with_capacity(specs.len(), GFP_KERNEL)?;

    for spec in specs {
        let rule = engine.activate(spec, engine.new_rule_id(), binding::rules::Origin::Rule)?;

        rules.push(rule, GFP_KERNEL)?;
    }
    Ok(rules)
}

/// Extends the buses from the module parameter.
fn extend(
    engine: &Arc<binding::Engine>,
    buses: &Arc<bus::extended::Buses>,
    specs: KVec<interface::params::BusSpec>,
) -> Result<KVec<binding::extend::Extension>> {
    let mut extensions = KVec::with_capacity(specs.len(), GFP_KERNEL)?;

    for spec in specs {
        let extension = interface::buses::extend(engine, buses, spec.name, spec.scope)?;

        extensions.push(extension, GFP_KERNEL)?;
    }
    Ok(extensions)
}
