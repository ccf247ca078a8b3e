// SPDX-License-Identifier: GPL-2.0

//! Module parameters.
//!
//! | parameter          | type   | default         | meaning                                      |
//! |--------------------|--------|-----------------|----------------------------------------------|
//! | `pci_driver=`      | string | `vfio-meta`     | name of the PCI meta driver                  |
//! | `platform_driver=` | string | `vfio-platform` | name of the platform meta driver             |
//! | `reset_required=`  | bool   | `Y`             | refuse platform devices that can't be reset  |
//!
//! All are readable in `/sys/module/overdrive/parameters/` and fixed from load to unload. A value
//! that is no driver name (see [`DriverName`]) makes loading fail with `EINVAL`.

use crate::{
    abstractions::module_param::{
        self,
        StringParam, //
    },
    binding::driver_name::DriverName, //
};
use kernel::prelude::*;

/// The parameters, after they became types.
pub(crate) struct Params {
    pub(crate) pci_driver: DriverName,
    pub(crate) platform_driver: DriverName,
    pub(crate) reset_required: bool,
}

impl Params {
    /// Reads all parameters; the first bad one is reported in the kernel log.
    pub(crate) fn read() -> Result<Self> {
        Ok(Self {
            pci_driver: driver_name(&module_param::PCI_DRIVER)?,
            platform_driver: driver_name(&module_param::PLATFORM_DRIVER)?,
            reset_required: module_param::RESET_REQUIRED.value(),
        })
    }
}

fn driver_name(param: &StringParam) -> Result<DriverName> {
    let text = param.value();

    DriverName::try_from(text.to_bytes())
        .inspect_err(|_| pr_err!("{}=\"{}\" is no driver name\n", param.name(), text))
}
