// SPDX-License-Identifier: GPL-2.0

//! The registration of a VFIO device.

use super::{
    Base,
    Device,
    Operations,
    Registered, //
};
use kernel::{
    device,
    prelude::*,
    sync::aref::ARef, //
};

/// A registered [`Device`]; dropping it takes the device away from userspace, and waits until the
/// last user has closed it.
///
/// # Invariants
///
/// `device` is registered, and its parent is bound to the driver that registered it.
pub(crate) struct Registration<T: Operations> {
    device: ARef<Device<T>>,
}

impl<T: Operations> Registration<T> {
    /// Makes `device` known to userspace.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the device is not the one that `parent` was passed for, or has neither an IOMMU
    /// nor permission to do without; `ENOMEM`, and those of the driver core.
    ///
    /// # Safety
    ///
    /// The registration must be dropped before `parent` is unbound: it must not be leaked.
    pub(crate) unsafe fn new(
        parent: &device::Device<device::Core<'_>>,
        device: ARef<Device<T>>,
    ) -> Result<Self> {
        // SAFETY: `dev` was set at the allocation and does not change.
        let allocated_for = unsafe { (*device.as_raw()).dev };
        if !core::ptr::eq(allocated_for.cast(), parent) {
            return Err(EINVAL);
        }

        // SAFETY: The device was allocated by `Device::new`. Its parent is being probed: nobody
        // has registered the device so far, except for callers that ignored the `Registration`
        // they hold; the VFIO core then refuses the second attempt.
        unsafe { T::Base::register(device.as_base()) }?;

        // INVARIANT: It was registered above, and the parent remains bound by the safety
        // requirements.
        Ok(Self { device })
    }

    /// Returns the registered device.
    pub(crate) fn device(&self) -> &Device<T, Registered> {
        // SAFETY: By the type invariants, the device is registered and its parent bound.
        unsafe { self.device.in_context() }
    }
}

impl<T: Operations> Drop for Registration<T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants, the device is registered and its parent bound.
        unsafe { T::Base::unregister(self.device.as_base()) };
    }
}
