// SPDX-License-Identifier: GPL-2.0

//! What VFIO tells userspace about regions, and the capabilities that extend it.
//!
//! C header: [`include/uapi/linux/vfio.h`](srctree/include/uapi/linux/vfio.h)

use crate::bindings;
use kernel::{
    prelude::*, //
};

/// The answer to `VFIO_DEVICE_GET_REGION_INFO`.
#[repr(transparent)]
pub(crate) struct RegionInfo(bindings::vfio_region_info);

impl RegionInfo {
    /// The index of the region that the user asks for.
    pub(crate) fn index(&self) -> u32 {
        self.0.index
    }

    /// Fills in the answer: `flags` are `VFIO_REGION_INFO_FLAG_*`, `size` is in bytes, and `offset`
    /// is the position of the region within the device's file.
    pub(crate) fn set(&mut self, flags: u32, size: u64, offset: u64) {
        self.0.flags = flags;
        self.0.size = size;
        self.0.offset = offset;
    }

    /// Converts the pointer that the VFIO core passes to a callback.
    ///
    /// # Safety
    ///
    /// `info` must be valid and not be used otherwise for the lifetime `'a`.
    pub(super) unsafe fn from_raw<'a>(info: *mut bindings::vfio_region_info) -> &'a mut Self {
        // SAFETY: `Self` is a transparent wrapper; the rest is the caller's promise.
        unsafe { &mut *info.cast() }
    }

    /// Returns the C structure, for a driver that lets C code fill it in.
    #[allow(dead_code, reason = "for drivers on top of C code")]
    pub(crate) fn as_raw(&mut self) -> *mut bindings::vfio_region_info {
        &raw mut self.0
    }
}

/// The chain of capabilities that is appended to an answer.
#[repr(transparent)]
pub(crate) struct InfoCaps(bindings::vfio_info_cap);

impl InfoCaps {
    /// Appends a capability: `payload` follows the header in the user's buffer.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; the chain is empty then. `EINVAL` if the payload is longer than a page.
    #[allow(dead_code, reason = "for drivers with regions of their own kinds")]
    pub(crate) fn add(&mut self, id: u16, version: u16, payload: &[u8]) -> Result {
        const HEADER: usize = core::mem::size_of::<bindings::vfio_info_cap_header>();

        if payload.len() > kernel::page::PAGE_SIZE {
            return Err(EINVAL);
        }

        // SAFETY: `self` is a chain, valid or empty; the function extends it by the given size.
        let header = kernel::error::from_err_ptr(unsafe {
            bindings::vfio_info_cap_add(&raw mut self.0, HEADER + payload.len(), id, version)
        })?;

        // SAFETY: The chain now has room for the header and for the payload behind it.
        unsafe {
            core::ptr::copy_nonoverlapping(
                payload.as_ptr(),
                header.add(1).cast::<u8>(),
                payload.len(),
            );
        }

        Ok(())
    }

    /// Converts the pointer that the VFIO core passes to a callback.
    ///
    /// # Safety
    ///
    /// `caps` must be valid and not be used otherwise for the lifetime `'a`.
    pub(super) unsafe fn from_raw<'a>(caps: *mut bindings::vfio_info_cap) -> &'a mut Self {
        // SAFETY: `Self` is a transparent wrapper; the rest is the caller's promise.
        unsafe { &mut *caps.cast() }
    }

    /// Returns the C structure, for a driver that lets C code extend it.
    #[allow(dead_code, reason = "for drivers on top of C code")]
    pub(crate) fn as_raw(&mut self) -> *mut bindings::vfio_info_cap {
        &raw mut self.0
    }
}
