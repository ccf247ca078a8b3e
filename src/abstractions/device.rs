// SPDX-License-Identifier: GPL-2.0

//! Devices and their drivers, as the driver core sees them.
//!
//! C headers: [`include/linux/device.h`](srctree/include/linux/device.h),
//! [`include/linux/device/driver.h`](srctree/include/linux/device/driver.h)

use super::compat;
use crate::bindings;
use kernel::{
    device::Device,
    error::to_result,
    prelude::*, //
};

/// The C struct behind `dev`.
pub(super) fn as_raw(dev: &Device) -> *mut bindings::device {
    // CAST: `Device` is a transparent wrapper of `struct device`.
    core::ptr::from_ref(dev).cast_mut().cast()
}

/// The text of a C string that may be missing.
///
/// # Safety
///
/// `text` is NULL, or points to a NUL-terminated string that lives and stays the same for `'a`.
pub(super) unsafe fn text_or_empty<'a>(text: *const c_char) -> &'a [u8] {
    if text.is_null() {
        return b"";
    }
    // SAFETY: Guaranteed by the caller.
    unsafe { CStr::from_char_ptr(text) }.to_bytes()
}

/// Identifies the device for as long as somebody holds a reference to it.
pub(crate) fn id(dev: &Device) -> usize {
    as_raw(dev).addr()
}

/// The device's parent.
pub(crate) fn parent(dev: &Device) -> Option<&Device> {
    // SAFETY: `dev` is valid; its parent is set before it is added and doesn't change.
    let parent = unsafe { (*as_raw(dev)).parent };

    // SAFETY: A device holds a reference to its parent for as long as it lives.
    (!parent.is_null()).then(|| unsafe { Device::from_raw(parent) })
}

/// The physical function, if the device is a virtual function of a PCI device.
pub(crate) fn physical_function(dev: &Device) -> Option<&Device> {
    // SAFETY: `dev` is valid.
    let pf = unsafe { bindings::overdrive_physfn(as_raw(dev)) };

    // SAFETY: A virtual function holds a reference to its physical function for as long as it lives.
    (!pf.is_null()).then(|| unsafe { Device::from_raw(pf) })
}

/// Returns `true` if the device is a PCI bridge.
pub(crate) fn is_bridge(dev: &Device) -> bool {
    // SAFETY: `dev` is valid.
    unsafe { bindings::overdrive_is_bridge(as_raw(dev)) }
}

/// Calls `f` with the driver that the device is bound to, being bound to or unbound from.
///
/// There is none as well if the driver is about to be gone.
///
/// A driver can free its name, and itself, as soon as it is unregistered. So it is looked up among those
/// of the bus, where it stays while `f` runs.
fn with_driver<R>(dev: &Device, mut f: impl FnMut(Option<&Driver>) -> R) -> R {
    let current = raw_driver(dev);

    if current.is_null() {
        return f(None);
    }
    find_driver(dev, |drv| {
        core::ptr::eq(&raw const drv.0, current).then(|| f(Some(drv)))
    })
    .unwrap_or_else(|| f(None))
}

/// Returns the address of the driver that the device has, for comparing.
fn raw_driver(dev: &Device) -> *const bindings::device_driver {
    // SAFETY: `dev` is valid. The field changes at any time, but in one piece.
    unsafe { (&raw const (*as_raw(dev)).driver).read_volatile() }
}

/// Calls `f` with the name of the driver that the device is bound to, being bound to or unbound from.
///
/// A driver that is about to be gone has no name anymore.
pub(crate) fn with_driver_name<R>(dev: &Device, mut f: impl FnMut(Option<&[u8]>) -> R) -> R {
    with_driver(dev, |drv| f(drv.map(Driver::name)))
}

/// Returns `true` if the kernel uses the device for DMA, or is about to: it has a driver, or is being
/// probed by one, that does not leave that to userspace.
pub(crate) fn has_host_driver(dev: &Device) -> bool {
    !raw_driver(dev).is_null() && !with_driver(dev, |drv| drv.is_some_and(Driver::manages_dma))
}

/// Returns `true` if the device has a driver that leaves its DMA to userspace, as VFIO's do.
pub(crate) fn has_dma_driver(dev: &Device) -> bool {
    with_driver(dev, |drv| drv.is_some_and(Driver::manages_dma))
}

/// Returns `true` if a driver of VFIO, of whatever module, offers the device to userspace.
pub(crate) fn has_vfio_device(dev: &Device) -> bool {
    // SAFETY: `dev` is valid.
    unsafe { bindings::overdrive_has_vfio_device(as_raw(dev)) }
}

/// Returns `true` if an IOMMU translates what the device does.
pub(crate) fn has_iommu(dev: &Device) -> bool {
    // SAFETY: `dev` is valid.
    unsafe { bindings::overdrive_has_iommu(as_raw(dev)) }
}

/// Returns `true` once userspace was told that the device was added, which follows upon
/// [`Event::Add`](super::bus::Event::Add).
pub(crate) fn add_was_told(dev: &Device) -> bool {
    // SAFETY: `dev` is valid.
    unsafe { bindings::overdrive_add_was_told(as_raw(dev)) }
}

/// Returns `true` if other devices need this one to have its driver, or did a moment ago.
pub(crate) fn may_have_consumers(dev: &Device) -> bool {
    // SAFETY: `dev` is valid.
    unsafe { bindings::overdrive_may_have_consumers(as_raw(dev)) }
}

/// Returns `true` if `dev` needs `supplier` to have its driver.
///
/// The caller keeps `supplier` from being removed.
pub(crate) fn is_consumer(supplier: &Device, dev: &Device) -> bool {
    // SAFETY: Both are valid, and the supplier has its directory.
    unsafe { bindings::overdrive_is_consumer(as_raw(supplier), as_raw(dev)) }
}

/// Returns `true` if the device has a driver, or is being probed by one.
pub(crate) fn has_driver(dev: &Device) -> bool {
    !raw_driver(dev).is_null()
}

/// Returns `true` while the device has its directory.
pub(crate) fn is_in_sysfs(dev: &Device) -> bool {
    // SAFETY: `dev` is valid.
    unsafe { bindings::overdrive_is_in_sysfs(as_raw(dev)) }
}

/// Returns `true` if the device is bound, and its probe finished. Waits for a probe that is under way.
pub(crate) fn is_bound(dev: &Device) -> bool {
    with_bound_driver(dev, |drv| drv.is_some())
}

/// Calls `f` with the driver that the device is bound to. Waits for a probe that is under way.
///
/// `f` runs with the device locked.
pub(crate) fn with_bound_driver<R>(dev: &Device, f: impl FnOnce(Option<&Driver>) -> R) -> R {
    let raw = as_raw(dev);

    // SAFETY: `dev` is valid, and so is the mutex in it. `device_is_bound()` wants it locked.
    unsafe {
        bindings::mutex_lock(&raw mut (*raw).mutex);
        let bound = bindings::device_is_bound(raw);
        // A driver is not unregistered, and frees nothing, before its devices are released, which
        // takes their lock. `Driver` is a transparent wrapper.
        let ret = f(bound.then(|| &*(*raw).driver.cast::<Driver>()));

        bindings::mutex_unlock(&raw mut (*raw).mutex);
        ret
    }
}

/// Unbinds the device from its driver, if it has one. Waits until the driver has let it go.
///
/// The caller holds a reference to the parent: a device that was removed has none anymore.
pub(crate) fn release_driver(dev: &Device) {
    with_parent_locked(dev, |dev| {
        // SAFETY: `dev` is valid, and its parent locked if the driver core wants that.
        unsafe { bindings::device_release_driver(dev) }
    });
}

/// Has the bus look for a driver, as after a device was added, and try later if the probe defers.
///
/// Returns `true` if the device is bound. The caller holds a reference to the parent.
pub(crate) fn probe(dev: &Device) -> bool {
    with_parent_locked(dev, |dev| {
        // SAFETY: `dev` is valid, and its parent locked if the driver core wants that.
        unsafe { bindings::device_attach(dev) == 1 }
    })
}

/// Calls `f` with the device, whose parent is locked if the driver core wants that.
fn with_parent_locked<R>(dev: &Device, f: impl FnOnce(*mut bindings::device) -> R) -> R {
    let dev = as_raw(dev);
    // SAFETY: `dev` is valid, and so is what it points to.
    let parent = unsafe { needs_parent_lock(dev).then_some((*dev).parent) };

    // SAFETY: The parent is valid: the caller holds a reference to it. Its lock is taken before the
    // device's own, as the driver core does.
    unsafe {
        if let Some(parent) = parent {
            bindings::mutex_lock(&raw mut (*parent).mutex);
        }
        let ret = f(dev);
        if let Some(parent) = parent {
            bindings::mutex_unlock(&raw mut (*parent).mutex);
        }
        ret
    }
}

/// Returns `true` if the parent must be locked while the device is bound or unbound.
///
/// # Safety
///
/// `dev` is valid.
unsafe fn needs_parent_lock(dev: *mut bindings::device) -> bool {
    // SAFETY: `dev` is valid.
    unsafe { compat::need_parent_lock(dev) && !(*dev).parent.is_null() }
}

/// A driver that is registered for as long as the reference lives.
#[repr(transparent)]
pub(crate) struct Driver(bindings::device_driver);

impl Driver {
    /// Its name.
    pub(crate) fn name(&self) -> &[u8] {
        // SAFETY: A driver has the same name for as long as it is registered.
        unsafe { text_or_empty(self.0.name) }
    }

    /// Returns `true` if users are kept from binding and unbinding its devices.
    pub(crate) fn suppresses_bind_attrs(&self) -> bool {
        self.0.suppress_bind_attrs
    }

    /// Returns `true` if the driver leaves the DMA of its devices to userspace, as VFIO's do.
    pub(crate) fn manages_dma(&self) -> bool {
        // SAFETY: The driver is registered.
        unsafe { bindings::overdrive_driver_managed_dma(&raw const self.0) }
    }

    /// Returns `true` if the driver does not want its probe to be called next to others.
    pub(crate) fn forces_synchronous_probe(&self) -> bool {
        // SAFETY: The driver is registered.
        unsafe { bindings::overdrive_forces_synchronous_probe(&raw const self.0) }
    }

    /// Asks the bus's match function whether it lets `dev`, as it is now, have this driver.
    ///
    /// The function itself is asked, also where a [`Hook`](super::bus_match::Hook) answers others.
    ///
    /// # Errors
    ///
    /// What the bus's match returns, above all `EPROBE_DEFER`.
    pub(crate) fn matches(&self, dev: &Device) -> Result<bool> {
        // SAFETY: The driver is registered, so that its bus is.
        let Some(matches) = (unsafe { (*self.0.bus).match_ }) else {
            return Ok(true);
        };

        // SAFETY: Both are valid, and of the same bus: who has a driver found it by a device, or was
        // asked about both. A redirect knows the call by where it comes from.
        let ret = unsafe {
            bindings::overdrive_call_match(Some(matches), as_raw(dev), &raw const self.0)
        };

        to_result(ret).map(|()| ret > 0)
    }

    /// Probes the unbound `dev` with this driver, without asking whether they match.
    ///
    /// Other than a probe by the driver core, one that defers leaves nothing behind that would be
    /// tried again later.
    ///
    /// # Errors
    ///
    /// `EBUSY` if the device is bound, `ENODEV` if it is gone, `EAGAIN` if the probe defers, or what
    /// the probe returns.
    pub(crate) fn attach(&self, dev: &Device) -> Result {
        // SAFETY: Both are valid, and the driver stays registered for the duration of the call.
        to_result(unsafe { bindings::device_driver_attach(&raw const self.0, as_raw(dev)) })
    }
}

/// Calls `f` with each driver of the device's bus, until it returns something.
///
/// A driver can't be unregistered while `f` runs for it.
pub(crate) fn find_driver<R>(dev: &Device, f: impl FnMut(&Driver) -> Option<R>) -> Option<R> {
    struct Context<F, R> {
        f: F,
        found: Option<R>,
    }

    extern "C" fn callback<F: FnMut(&Driver) -> Option<R>, R>(
        drv: *mut bindings::device_driver,
        data: *mut c_void,
    ) -> c_int {
        // SAFETY: `data` is the context that was passed along with this function.
        let context = unsafe { &mut *data.cast::<Context<F, R>>() };
        // SAFETY: The iterator holds a reference that keeps the driver registered. `Driver` is a
        // transparent wrapper.
        let drv = unsafe { &*drv.cast_const().cast::<Driver>() };

        context.found = (context.f)(drv);
        c_int::from(context.found.is_some())
    }

    fn callback_for<F: FnMut(&Driver) -> Option<R>, R>(
        _: &Context<F, R>,
    ) -> extern "C" fn(*mut bindings::device_driver, *mut c_void) -> c_int {
        callback::<F, R>
    }

    let mut context = Context { f, found: None };
    let callback = callback_for(&context);

    // SAFETY: The bus pointer is only compared with those of registered buses. `callback` gets the
    // context that it expects.
    unsafe {
        bindings::bus_for_each_drv(
            (*as_raw(dev)).bus,
            core::ptr::null_mut(),
            (&raw mut context).cast(),
            Some(callback),
        );
    }
    context.found
}
