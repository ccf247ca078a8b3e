// SPDX-License-Identifier: GPL-2.0

//! Device-specific regions, which come after the standard ones.

use super::{
    Opening,
    Variant, //
};
use crate::{
    abstractions::vfio::InfoCaps,
    bindings, //
};
use core::marker::PhantomData;
use kernel::{
    error::{
        from_result,
        to_result, //
    },
    prelude::*, //
};

/// Returns the type of the regions that `vendor` defines.
pub(crate) const fn vendor_type(vendor: u16) -> u32 {
    bindings::VFIO_REGION_TYPE_PCI_VENDOR_TYPE | vendor as u32
}

/// A region that is described to the user, and that the device alone can access.
///
/// The answer to `VFIO_DEVICE_GET_REGION_INFO` has the capability `VFIO_REGION_INFO_CAP_TYPE`, and
/// the region's own. Reading, writing and mapping the region fail with `EINVAL`; its flags say so.
pub(crate) trait Region: 'static {
    /// The type, in general [`vendor_type`].
    const TYPE: u32;

    /// The number that the type's owner gives it.
    const SUBTYPE: u32;

    /// The size in bytes.
    const SIZE: usize;

    /// Adds the capabilities that describe the region.
    fn add_capabilities(caps: &mut InfoCaps) -> Result;
}

impl<V: Variant> Opening<'_, V> {
    /// Adds a region, which remains until the device is closed.
    ///
    /// # Errors
    ///
    /// `ENOMEM`
    pub(crate) fn add_region<R: Region>(&self) -> Result {
        // SAFETY: By the type invariants of `Opening`, the device is enabled, and nobody else uses
        // its table of regions. The callbacks are static.
        to_result(unsafe {
            bindings::vfio_pci_core_register_dev_region(
                self.as_core(),
                R::TYPE,
                R::SUBTYPE,
                Callbacks::<R>::OPS,
                R::SIZE,
                0,
                core::ptr::null_mut(),
            )
        })
    }
}

/// The C callbacks of a [`Region`].
struct Callbacks<R: Region>(PhantomData<R>);

impl<R: Region> Callbacks<R> {
    const OPS: &'static bindings::vfio_pci_regops = &bindings::vfio_pci_regops {
        rw: Some(Self::rw),
        release: Some(Self::release),
        mmap: None,
        add_capability: Some(Self::add_capability),
    };

    extern "C" fn rw(
        _core: *mut bindings::vfio_pci_core_device,
        _buf: *mut c_char,
        _count: usize,
        _ppos: *mut bindings::loff_t,
        _iswrite: bool,
    ) -> isize {
        EINVAL.to_errno() as isize
    }

    extern "C" fn release(
        _core: *mut bindings::vfio_pci_core_device,
        _region: *mut bindings::vfio_pci_region,
    ) {
    }

    extern "C" fn add_capability(
        _core: *mut bindings::vfio_pci_core_device,
        _region: *mut bindings::vfio_pci_region,
        caps: *mut bindings::vfio_info_cap,
    ) -> c_int {
        // SAFETY: The caller owns `caps`.
        let caps = unsafe { InfoCaps::from_raw(caps) };

        from_result(|| R::add_capabilities(caps).map(|()| 0))
    }
}
