// SPDX-License-Identifier: GPL-2.0

//! overdrive: decides which driver owns a device.
//!
//! The crate is a house of six rooms, and data flows through them in one direction: what a user
//! writes enters through [`interface`], [`binding`] decides, [`bus`] knows what differs per bus,
//! [`meta`] holds the drivers that hand devices to userspace. All of them are safe Rust on top of
//! [`abstractions`], the only room besides [`bindings`] where `unsafe` may be written.

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

use kernel::prelude::*;

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

/// The loaded module.
///
/// Fields are dropped in declaration order, which is the reverse of the order in which they are
/// set up: nothing that is still registered may reach something that is already gone.
#[pin_data]
struct Overdrive {
    /// The drivers that claim devices. Unregistering them releases every device that they hold.
    #[pin]
    meta: meta::Drivers,
}

impl kernel::InPlaceModule for Overdrive {
    fn init(module: &'static ThisModule) -> impl PinInit<Self, Error> {
        pin_init::pin_init_scope(move || {
            let params = interface::params::Params::read()?;

            Ok(try_pin_init!(Self {
                meta <- meta::Drivers::new(
                    module,
                    params.pci_driver,
                    params.platform_driver,
                    params.reset_required,
                ),
            }))
        })
    }
}
