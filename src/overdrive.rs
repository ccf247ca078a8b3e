// SPDX-License-Identifier: GPL-2.0

//! overdrive: decides which driver owns a device.
//!
//! Data flows through the layers in one direction: what a user writes enters through [`interface`];
//! [`policy`] knows which driver a device shall have, and [`transaction`] how it gets it; [`device`]
//! follows the devices that there are; [`bus`] knows what differs per bus. [`drivers`] holds the VFIO
//! drivers, which hand devices to userspace. [`early`] starts all but the drivers. All of them are safe Rust on top of [`abstractions`]; what
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
mod early;
mod interface;
mod policy;
mod rule_id;
mod transaction;

use kernel::{
    configfs,
    prelude::*, //
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

// Built into the kernel, it decides before there are devices.
#[cfg(not(MODULE))]
abstractions::early_stage::early_stage!(EARLY: early::Early = early::Early::new);

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
    /// Those who are told of devices.
    watches: early::Watches,
    /// The drivers that claim devices. Unregistering them releases every device that they hold.
    drivers: drivers::Drivers,
    layers: early::Layers,
}

/// Makes what decides about devices: a module has no early stage.
#[cfg(MODULE)]
fn early(module: &'static ThisModule) -> Result<early::Early> {
    early::Early::new(module)
}

/// Takes what the early stage made.
#[cfg(not(MODULE))]
fn early(_module: &'static ThisModule) -> Result<early::Early> {
    EARLY.take()
}

impl kernel::InPlaceModule for Overdrive {
    fn init(module: &'static ThisModule) -> impl PinInit<Self, Error> {
        pin_init::pin_init_scope(move || {
            let early::Early {
                watches,
                layers,
                pending,
                params,
            } = early(module)?;
            let (pci_driver, platform_driver) = (
                params.pci_driver.try_clone()?,
                params.platform_driver.try_clone()?,
            );

            Ok(try_pin_init!(Self {
                layers,
                watches,
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
                for rule in &this.layers.rules {
                    rule.warn_of_bus();
                }
                Ok(())
            }))
        })
    }
}
