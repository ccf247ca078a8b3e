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
    prelude::*,
    sync::rcu, //
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

/// Whether the device is a PCI bridge.
pub(crate) fn is_bridge(dev: &Device) -> bool {
    // SAFETY: `dev` is valid.
    unsafe { bindings::overdrive_is_bridge(as_raw(dev)) }
}

/// Whether the device is all there: userspace was told of it, and its bus looked for a driver.
pub(crate) fn is_announced(dev: &Device) -> bool {
    extern "C" fn is_it(child: *mut bindings::device, dev: *mut c_void) -> c_int {
        c_int::from(child.cast::<c_void>() == dev)
    }

    // Being among its parent's children is the last of it.
    let dev = as_raw(dev);
    // SAFETY: `dev` is valid, and holds a reference to its parent, which was added before it. The
    // callback compares addresses.
    unsafe {
        let parent = (*dev).parent;

        parent.is_null() || bindings::device_for_each_child(parent, dev.cast(), Some(is_it)) != 0
    }
}

/// Calls `f` with the driver that the device is bound to, being bound to or unbound from.
///
/// `f` must not sleep.
fn with_driver<R>(dev: &Device, f: impl FnOnce(Option<&Driver>) -> R) -> R {
    let guard = rcu::read_lock();
    // SAFETY: `dev` is valid. The field changes at any time, but in one piece.
    let drv = unsafe { (&raw const (*as_raw(dev)).driver).read_volatile() };
    // SAFETY: While a device points to a driver, the driver is registered, and so it exists. It is part
    // of a module, and modules are not freed before a grace period has passed since they unregistered
    // their drivers: not before `guard` is dropped. `Driver` is a transparent wrapper.
    let ret = f((!drv.is_null()).then(|| unsafe { &*drv.cast::<Driver>() }));

    drop(guard);
    ret
}

/// Calls `f` with the name of the driver that the device is bound to, being bound to or unbound from.
///
/// `f` must not sleep.
pub(crate) fn with_driver_name<R>(dev: &Device, f: impl FnOnce(Option<&[u8]>) -> R) -> R {
    with_driver(dev, |drv| f(drv.map(Driver::name)))
}

/// Whether users are kept from unbinding the device from the driver that it has.
pub(crate) fn suppresses_bind_attrs(dev: &Device) -> bool {
    with_driver(dev, |drv| drv.is_some_and(Driver::suppresses_bind_attrs))
}

/// Whether the device is bound, and its probe finished.
pub(crate) fn is_bound(dev: &Device) -> bool {
    let dev = as_raw(dev);

    // SAFETY: `dev` is valid, and so is the mutex in it. `device_is_bound()` wants it locked.
    unsafe {
        bindings::mutex_lock(&raw mut (*dev).mutex);
        let bound = bindings::device_is_bound(dev);
        bindings::mutex_unlock(&raw mut (*dev).mutex);
        bound
    }
}

/// Unbinds the device from its driver, if it has one. Waits until the driver has let it go.
pub(crate) fn release_driver(dev: &Device) {
    let dev = as_raw(dev);
    // SAFETY: `dev` is valid, and so is what it points to.
    let parent = unsafe { needs_parent_lock(dev).then_some((*dev).parent) };

    // SAFETY: `dev` is valid, and holds a reference to its parent. The lock of the parent, which
    // the driver core wants held for some devices, is taken before the device's own, as it does.
    unsafe {
        if let Some(parent) = parent {
            bindings::mutex_lock(&raw mut (*parent).mutex);
        }
        bindings::device_release_driver(dev);
        if let Some(parent) = parent {
            bindings::mutex_unlock(&raw mut (*parent).mutex);
        }
    }
}

/// Whether the parent must be locked while the device is bound or unbound.
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

    /// Whether users are kept from binding and unbinding its devices.
    pub(crate) fn suppresses_bind_attrs(&self) -> bool {
        self.0.suppress_bind_attrs
    }

    /// What the bus's match function says: whether it lets `dev`, as it is now, have this driver.
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
        // asked about both.
        let ret = unsafe { matches(as_raw(dev), &raw const self.0) };

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
