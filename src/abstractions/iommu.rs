// SPDX-License-Identifier: GPL-2.0

//! IOMMU groups.
//!
//! C header: [`include/linux/iommu.h`](srctree/include/linux/iommu.h)

use super::device::{
    self,
    as_raw, //
};
use crate::bindings;
use core::ptr::NonNull;
use kernel::{
    device::Device,
    error::to_result,
    prelude::*,
    sync::aref::ARef, //
};

/// A reference to an IOMMU group.
///
/// # Invariants
///
/// Owns one reference count of the group.
pub(crate) struct Group(NonNull<bindings::iommu_group>);

impl Group {
    /// The group that the device is in.
    pub(crate) fn of(dev: &Device) -> Option<Self> {
        // SAFETY: `dev` is valid.
        let group = unsafe { bindings::iommu_group_get(as_raw(dev)) };

        // INVARIANT: `iommu_group_get()` took a reference.
        NonNull::new(group).map(Self)
    }

    /// Returns `true` if userspace owns the DMA of the group, so that kernel drivers can't have its
    /// devices.
    ///
    /// The kernel's own count has every driver that uses the group for DMA as well. A group has either
    /// such drivers or an owner.
    pub(crate) fn is_owned(&self) -> Result<bool> {
        // SAFETY: By the type invariants, the group is valid.
        if !unsafe { bindings::iommu_group_dma_owner_claimed(self.0.as_ptr()) } {
            return Ok(false);
        }
        let devices = self.devices()?;

        Ok(!devices.iter().any(|dev| device::has_host_driver(dev)))
    }

    /// Owns the DMA of the group until the result is dropped: nobody else can.
    ///
    /// # Errors
    ///
    /// `EPERM` if somebody owns it, or a driver uses it for DMA; `EBUSY`, `ENOMEM`.
    pub(crate) fn claim(self) -> Result<Claim> {
        // SAFETY: By the type invariants, the group is valid. The owner is an address that nobody
        // else has.
        to_result(unsafe {
            bindings::iommu_group_claim_dma_owner(
                self.0.as_ptr(),
                (&raw const OWNER).cast_mut().cast(),
            )
        })?;
        // INVARIANT: Claimed just now.
        Ok(Claim(self))
    }

    /// Returns `true` if both are the same group.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    /// The devices of the group, in the order in which they were added.
    pub(crate) fn devices(&self) -> Result<KVec<ARef<Device>>> {
        extern "C" fn callback(dev: *mut bindings::device, data: *mut c_void) -> c_int {
            // SAFETY: `data` is the vector that was passed along with this function.
            let devices = unsafe { &mut *data.cast::<KVec<ARef<Device>>>() };
            // SAFETY: The device is valid while it is in the group, which is locked.
            let dev = unsafe { Device::get_device(dev) };

            match devices.push(dev, GFP_KERNEL) {
                Ok(()) => 0,
                Err(_) => ENOMEM.to_errno(),
            }
        }

        let mut devices = KVec::<ARef<Device>>::new();

        // SAFETY: By the type invariants, the group is valid. `callback` gets the vector that it
        // expects.
        to_result(unsafe {
            bindings::iommu_group_for_each_dev(
                self.0.as_ptr(),
                (&raw mut devices).cast(),
                Some(callback),
            )
        })?;
        Ok(devices)
    }
}

// SAFETY: A reference can be given up by any thread.
unsafe impl Send for Group {}

/// Its address is what owns a group.
static OWNER: u8 = 1;

/// Ownership of the DMA of a group; dropping it gives it up.
///
/// # Invariants
///
/// The group is owned by [`OWNER`].
pub(crate) struct Claim(Group);

impl Claim {
    /// The group.
    pub(crate) fn group(&self) -> &Group {
        &self.0
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // SAFETY: By the type invariants.
        unsafe { bindings::iommu_group_release_dma_owner(self.0 .0.as_ptr()) };
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // SAFETY: By the type invariants.
        unsafe { bindings::iommu_group_put(self.0.as_ptr()) };
    }
}
