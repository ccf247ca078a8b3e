// SPDX-License-Identifier: GPL-2.0

//! In place of the PCI meta driver, for kernels without `vfio-pci-core`.

use kernel::{
    prelude::*,
    str::CString, //
};

/// No registration.
#[pin_data]
pub(crate) struct Registration {}

impl Registration {
    pub(crate) fn new(_name: CString, _module: &'static ThisModule) -> impl PinInit<Self, Error> {
        pr_info!("no PCI meta driver: the kernel has no vfio-pci-core\n");

        Ok(Self {})
    }
}
