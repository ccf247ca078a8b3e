// SPDX-License-Identifier: GPL-2.0

//! Registrations that are the driver data of the device that they are for.

use super::{
    Device,
    Operations,
    Registration, //
};
use kernel::{
    bindings,
    device,
    prelude::*,
    sync::aref::ARef, //
};

fn as_raw(dev: &device::Device<device::Core<'_>>) -> *mut bindings::device {
    // `device::Device` is a transparent wrapper of `struct device`.
    core::ptr::from_ref(dev).cast_mut().cast()
}

/// Registers `device`, and makes the registration the driver data of `parent`.
///
/// # Errors
///
/// Those of [`Registration::new`].
///
/// # Safety
///
/// `parent` must be being probed by a driver that leaves its driver data alone and, if this succeeds,
/// calls [`take`] before `parent` is unbound.
pub(in crate::abstractions) unsafe fn set_drvdata<T: Operations>(
    parent: &device::Device<device::Core<'_>>,
    device: ARef<Device<T>>,
) -> Result {
    let registration = KBox::<Registration<T>>::new_uninit(GFP_KERNEL)?;

    // SAFETY: Who calls `take` drops the registration before `parent` is unbound.
    let registration = registration.write(unsafe { Registration::new(parent, device) }?);

    // SAFETY: `parent` is valid.
    unsafe { bindings::dev_set_drvdata(as_raw(parent), KBox::into_raw(registration).cast()) };

    Ok(())
}

/// Returns the registration that is the driver data of `parent`, which has none then.
///
/// # Safety
///
/// `parent` must be being unbound, and [`give`] have succeeded for it, with the same `T`.
pub(in crate::abstractions) unsafe fn take_drvdata<T: Operations>(
    parent: &device::Device<device::Core<'_>>,
) -> KBox<Registration<T>> {
    // SAFETY: By the safety requirements, the driver data are what `give` put there.
    unsafe {
        let data = bindings::dev_get_drvdata(as_raw(parent));
        bindings::dev_set_drvdata(as_raw(parent), core::ptr::null_mut());
        KBox::from_raw(data.cast())
    }
}
