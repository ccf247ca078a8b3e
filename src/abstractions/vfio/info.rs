// SPDX-License-Identifier: GPL-2.0

//! Facts that VFIO tells userspace, and the capabilities that extend them.
//!
//! C header: [`include/uapi/linux/vfio.h`](srctree/include/uapi/linux/vfio.h)

use crate::bindings;
use kernel::{
    error::from_err_ptr,
    impl_flags,
    page::PAGE_SIZE,
    prelude::*, //
};

impl_flags!(
    /// Facts about a device: `VFIO_DEVICE_FLAGS_*`.
    #[derive(Clone, Copy)]
    pub(crate) struct DeviceFlags(u32);

    /// A fact about a device.
    #[derive(Clone, Copy)]
    pub(crate) enum DeviceFlag {
        /// It can be reset.
        Reset = bindings::VFIO_DEVICE_FLAGS_RESET,
        /// It is on the platform bus.
        Platform = bindings::VFIO_DEVICE_FLAGS_PLATFORM,
        /// It is on the AMBA bus.
        Amba = bindings::VFIO_DEVICE_FLAGS_AMBA,
    }
);

impl_flags!(
    /// The ways in which a region can be accessed: `VFIO_REGION_INFO_FLAG_*`.
    #[derive(Clone, Copy, Default)]
    pub(crate) struct RegionFlags(u32);

    /// A way in which a region can be accessed.
    #[derive(Clone, Copy)]
    pub(crate) enum RegionFlag {
        /// By `read()`.
        Read = bindings::VFIO_REGION_INFO_FLAG_READ,
        /// By `write()`.
        Write = bindings::VFIO_REGION_INFO_FLAG_WRITE,
        /// By `mmap()`.
        Mmap = bindings::VFIO_REGION_INFO_FLAG_MMAP,
    }
);

impl_flags!(
    /// The ways in which an interrupt can be used: `VFIO_IRQ_INFO_*`.
    #[derive(Clone, Copy)]
    pub(crate) struct IrqFlags(u32);

    /// A way in which an interrupt can be used.
    #[derive(Clone, Copy)]
    pub(crate) enum IrqFlag {
        /// It can signal an eventfd.
        EventFd = bindings::VFIO_IRQ_INFO_EVENTFD,
        /// It can be masked.
        Maskable = bindings::VFIO_IRQ_INFO_MASKABLE,
        /// It masks itself when it signals.
        AutoMasked = bindings::VFIO_IRQ_INFO_AUTOMASKED,
    }
);

/// The answer to `VFIO_DEVICE_GET_REGION_INFO`.
#[repr(transparent)]
pub(crate) struct RegionInfo(bindings::vfio_region_info);

impl RegionInfo {
    /// The index of the region that the user asks for.
    pub(crate) fn index(&self) -> u32 {
        self.0.index
    }

    /// Fills in the answer: `size` is in bytes, and `offset` is the position of the region within the
    /// device's file.
    pub(crate) fn set(&mut self, flags: RegionFlags, size: u64, offset: u64) {
        self.0.flags = flags.into();
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
    #[cfg_attr(not(CONFIG_VFIO_PCI_CORE), expect(dead_code, reason = "for variants"))]
    pub(crate) fn add(&mut self, id: u16, version: u16, payload: &[u8]) -> Result {
        const HEADER: usize = core::mem::size_of::<bindings::vfio_info_cap_header>();

        if payload.len() > PAGE_SIZE {
            return Err(EINVAL);
        }

        // SAFETY: `self` is a chain, valid or empty; the function extends it by the given size.
        let header = from_err_ptr(unsafe {
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
}
