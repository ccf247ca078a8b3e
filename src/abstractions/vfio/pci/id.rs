// SPDX-License-Identifier: GPL-2.0

//! ID tables with entries that only an override makes match.
//!
//! C header: [`include/linux/mod_devicetable.h`](srctree/include/linux/mod_devicetable.h)

use crate::bindings;
use kernel::pci;

/// An entry of an ID table.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct DeviceId(bindings::pci_device_id);

impl DeviceId {
    /// Returns the entry of the device `vendor`:`device`, for a VFIO driver:
    /// `PCI_DRIVER_OVERRIDE_DEVICE_VFIO` in C.
    ///
    /// The entry matches only if the device's override names the driver. `modules.alias` gets it
    /// with the prefix `vfio_`, where whoever prepares a device for VFIO finds it, and where the
    /// automatic loading of modules does not look.
    pub(crate) const fn vfio(vendor: u16, device: u16) -> Self {
        const ANY: u32 = u32::MAX;

        Self(bindings::pci_device_id {
            vendor: vendor as u32,
            device: device as u32,
            subvendor: ANY,
            subdevice: ANY,
            override_only: bindings::PCI_ID_F_VFIO_DRIVER_OVERRIDE,
            ..pin_init::zeroed()
        })
    }

    /// Returns `true` if `pdev` is such a device.
    pub(crate) fn is(&self, pdev: &pci::Device) -> bool {
        u32::from(pdev.vendor_id().as_raw()) == self.0.vendor
            && u32::from(pdev.device_id()) == self.0.device
    }
}

/// An ID table with its terminator.
#[repr(C)]
pub(crate) struct IdTable<const N: usize> {
    ids: [DeviceId; N],
    end: DeviceId,
}

impl<const N: usize> IdTable<N> {
    /// Returns the table of `ids`.
    pub(crate) const fn new(ids: [DeviceId; N]) -> Self {
        Self {
            ids,
            end: DeviceId(pin_init::zeroed()),
        }
    }

    /// Returns the table without its length, for a driver to point to.
    pub(crate) const fn as_ids(&'static self) -> Ids {
        // INVARIANT: `end` follows the entries, and is all zeroes.
        Ids(core::ptr::from_ref(self).cast())
    }
}

/// An ID table of any length.
///
/// # Invariants
///
/// The pointer is that of a static array, the last entry of which is all zeroes.
#[derive(Clone, Copy)]
pub(crate) struct Ids(*const bindings::pci_device_id);

impl Ids {
    pub(super) const fn as_ptr(self) -> *const bindings::pci_device_id {
        self.0
    }
}

/// Shows `modpost` an ID table, so that its entries become aliases of the module.
macro_rules! device_table {
    ($name:ident, $ids:expr) => {
        #[export_name = concat!("__mod_device_table__0__kmod_overdrive__pci__", stringify!($name))]
        #[allow(non_upper_case_globals, reason = "the name is for modpost")]
        static $name: $crate::abstractions::vfio::pci::IdTable<{ $ids.len() }> =
            $crate::abstractions::vfio::pci::IdTable::new($ids);
    };
}

pub(crate) use device_table;
