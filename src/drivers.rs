// SPDX-License-Identifier: GPL-2.0

//! The meta drivers: they bind to any device whose `driver_override` names them, and to no other.
//!
//! There is one per bus: [`pci`], and [`platform`] for the platform bus and for AMBA. None of them has
//! an ID that matches without an override, so that nothing is bound to them by what it is. Two ways
//! would remain to hand them a device without an override, and [`require_override`] closes both: a
//! dynamic ID written to the PCI driver's `new_id`, and a platform device that happens to have the
//! driver's name.

#![deny(unsafe_code)]

#[cfg(CONFIG_VFIO_PCI_CORE)]
pub(crate) mod pci;
mod platform;

use crate::{
    abstractions::{
        driver::{
            DriverRegistration,
            RegistrationOps, //
        },
        driver_override,
        vfio, //
    },
    driver_name::DriverName, //
};
use kernel::{
    device,
    prelude::*, //
};

#[cfg(CONFIG_ARM_AMBA)]
type AmbaDriver = platform::MetaDriver<vfio::amba::Amba>;
type PlatformDriver = platform::MetaDriver<vfio::platform::Platform>;
#[cfg(CONFIG_VFIO_PCI_CORE)]
type PciDriver = vfio::pci::Adapter<pci::MetaDriver>;

type Registered<D> = Pin<KBox<DriverRegistration<D>>>;

/// The registered meta drivers.
///
/// Fields are dropped in declaration order: drivers are unregistered in the reverse order of their
/// registration.
pub(crate) struct Drivers {
    #[cfg(CONFIG_ARM_AMBA)]
    _amba: Option<Registered<AmbaDriver>>,
    _platform: Registered<PlatformDriver>,
    #[cfg(CONFIG_VFIO_PCI_CORE)]
    _pci: Registered<PciDriver>,
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
    ) -> Result<Self> {
        #[cfg(CONFIG_VFIO_PCI_CORE)]
        let pci = register(pci_name, module, PciDriver::new())?;
        #[cfg(not(CONFIG_VFIO_PCI_CORE))]
        pr_info!("no PCI meta driver {pci_name}: the kernel has no vfio-pci-core\n");

        let platform = register(platform_name, module, PlatformDriver::new(reset_required))?;

        // As in C, no reset is required of an AMBA device.
        #[cfg(CONFIG_ARM_AMBA)]
        let amba = amba_name
            .map(|name| register(name, module, AmbaDriver::new(false)))
            .transpose()?;
        #[cfg(not(CONFIG_ARM_AMBA))]
        let _ = amba_name;

        Ok(Self {
            #[cfg(CONFIG_ARM_AMBA)]
            _amba: amba,
            _platform: platform,
            #[cfg(CONFIG_VFIO_PCI_CORE)]
            _pci: pci,
        })
    }
}

fn register<D: RegistrationOps>(
    name: DriverName,
    module: &'static ThisModule,
    driver: D,
) -> Result<Registered<D>> {
    KBox::pin_init(
        DriverRegistration::new(name.into_c_string(), module, driver),
        GFP_KERNEL,
    )
}

/// Checks that `dev` comes to the driver that is probing it because its override names that driver.
///
/// # Errors
///
/// `ENODEV` if not: the driver core then goes on to the next driver, without a word in the log.
fn require_override(dev: &device::Device<device::Core<'_>>) -> Result {
    if driver_override::names_current_driver(dev) {
        Ok(())
    } else {
        Err(ENODEV)
    }
}
