// SPDX-License-Identifier: GPL-2.0

//! The meta drivers: they bind to any device whose `driver_override` names them, and to no other.
//!
//! There is one per bus, [`pci`], [`platform`] and [`amba`]. None of them has an ID that matches
//! without an override, so that nothing is bound to them by what it is. Two ways would remain to
//! hand them a device without an override, and [`require_override`] closes both: a dynamic ID written to the
//! PCI driver's `new_id`, and a platform device that happens to have the driver's name.

#![deny(unsafe_code)]

#[cfg(CONFIG_ARM_AMBA)]
mod amba;
#[cfg(not(CONFIG_ARM_AMBA))]
#[path = "drivers/amba_absent.rs"]
mod amba;
#[cfg(CONFIG_VFIO_PCI_CORE)]
pub(crate) mod pci;
#[cfg(not(CONFIG_VFIO_PCI_CORE))]
#[path = "drivers/pci_absent.rs"]
mod pci;
mod platform;
mod require_override;

use crate::{
    abstractions,
    driver_name::DriverName, //
};
use kernel::prelude::*;

/// The registered meta drivers.
///
/// Fields are dropped in declaration order: drivers are unregistered in the reverse order of their
/// registration.
#[pin_data]
pub(crate) struct Drivers {
    amba: Option<Pin<KBox<amba::Registration>>>,
    #[pin]
    platform: abstractions::platform::Registration<platform::MetaDriver>,
    #[pin]
    pci: pci::Registration,
}

impl Drivers {
    /// Registers the meta drivers under the given names; `amba_name` is for kernels with that bus.
    /// With `reset_required`, the platform driver refuses devices that it can't reset.
    ///
    /// # Errors
    ///
    /// `EBUSY` if the bus already has a driver of that name.
    pub(crate) fn new(
        module: &'static ThisModule,
        pci_name: DriverName,
        platform_name: DriverName,
        amba_name: Option<DriverName>,
        reset_required: bool,
    ) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            pci <- pci::Registration::new(pci_name.into_c_string(), module),
            platform <- abstractions::platform::Registration::new(
                platform_name.into_c_string(),
                module,
                platform::MetaDriver::new(reset_required),
            ),
            amba: amba_name
                .map(|name| amba::register(name.into_c_string(), module))
                .transpose()?,
        })
    }
}
