// SPDX-License-Identifier: GPL-2.0

//! A PCI function, and its variant: what a device-specific driver adds to `vfio-pci-core`.

use crate::{
    abstractions::{
        pm_runtime,
        vfio::{
            ioctl::RESET,
            Device,
            Opened,
            Operations,
            Registered, //
        }, //
    },
    bindings,
};
use kernel::{
    error::{
        to_result,
        VTABLE_DEFAULT_ERROR, //
    },
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};

/// Support for one kind of device; implemented for the data that the driver keeps per device.
///
/// For what is not implemented, the callbacks are the C functions of `vfio-pci-core`.
#[vtable]
pub(crate) trait Variant: Sized + Send + Sync + 'static {
    /// A user opens the device: it is enabled, and the user does not have it yet. The place to add
    /// regions.
    fn opening(self: Pin<&Self>, _device: &Opening<'_, Self>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }

    /// Stops whatever the user made the device do: afterwards, the device neither accesses memory
    /// nor interrupts.
    ///
    /// Called after the function's own reset, or in its place where there is none: when a user opens
    /// the device, before the user has it; by `VFIO_DEVICE_RESET`; and when the last user closes the
    /// device. The device is in D0, unless the user has changed its power state by the configuration
    /// space. A device with such a method reports `VFIO_DEVICE_FLAGS_RESET`.
    fn reset(self: Pin<&Self>, _device: &Enabled<'_, Self>) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

/// Nothing beyond what `vfio-pci-core` does.
pub(crate) struct NoVariant;

#[vtable]
impl Variant for NoVariant {}

/// The data of a VFIO PCI device.
#[pin_data]
pub(crate) struct Function<V: Variant> {
    #[pin]
    variant: V,
    /// The PCI core can reset the function. Known while it is enabled.
    has_reset: Atomic<bool>,
}

impl<V: Variant> Function<V> {
    pub(super) fn new(variant: impl PinInit<V, Error>) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            variant <- variant,
            has_reset: Atomic::new(false),
        })
    }
}

/// A function that is enabled: its registers can be accessed.
///
/// # Invariants
///
/// `vfio_pci_core_enable` has returned for the device, and `vfio_pci_core_disable` has not been
/// called since. It will not be as long as the reference lives.
pub(crate) struct Enabled<'a, V: Variant>(&'a Device<Function<V>, Registered>);

impl<V: Variant> Enabled<'_, V> {
    /// Returns the variant's data.
    fn variant(&self) -> Pin<&V> {
        // SAFETY: The variant is pinned with the data that it is a part of.
        unsafe { self.0.data().map_unchecked(|data| &data.variant) }
    }

    pub(super) fn as_core(&self) -> *mut bindings::vfio_pci_core_device {
        self.0.as_base()
    }
}

/// A function that is [`Enabled`], and that the user does not have yet.
///
/// # Invariants
///
/// The lock of the device's set is held, and `vfio_pci_core_finish_enable` has not been called.
pub(crate) struct Opening<'a, V: Variant>(Enabled<'a, V>);

impl<'a, V: Variant> core::ops::Deref for Opening<'a, V> {
    type Target = Enabled<'a, V>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// Adds to an opened device what the variant has.
fn open<V: Variant>(device: &Device<Function<V>, Registered>, opening: &Opening<'_, V>) -> Result {
    if V::HAS_OPENING {
        opening.variant().opening(opening)?;
    }

    if V::HAS_RESET {
        let core = opening.as_core();

        opening.variant().reset(opening)?;

        // SAFETY: By the type invariants of `Opening`, nobody else has access to the flags: they are
        // only modified on setup and release. No reference is made to the rest of the structure.
        let has_reset =
            unsafe { bindings::vfio_pci_core_device::reset_works_raw(core.cast_const()) };
        device.data().has_reset.store(has_reset, Relaxed);
        // SAFETY: As above. It is what the user is told; the PCI core is asked again by whoever
        // wants it to reset the function.
        unsafe { bindings::vfio_pci_core_device::set_reset_works_raw(core, true) };
    }

    Ok(())
}

#[vtable]
impl<V: Variant> Operations for Function<V> {
    type Base = bindings::vfio_pci_core_device;

    const HAS_OPEN_DEVICE: bool = V::HAS_OPENING || V::HAS_RESET;
    const HAS_CLOSE_DEVICE: bool = V::HAS_RESET;
    const HAS_IOCTL: bool = V::HAS_RESET;

    fn open_device(device: &Device<Self, Registered>) -> Result {
        let core = device.as_base();

        // SAFETY: The VFIO core calls this for a registered device that nobody has open, and holds
        // the lock of the device's set.
        to_result(unsafe { bindings::vfio_pci_core_enable(core) })?;

        // INVARIANT: The device was just enabled, and will be disabled or handed over below.
        open(device, &Opening(Enabled(device))).inspect_err(|e| {
            dev_err!(device.parent(), "can't be prepared for its user: {e:?}\n");
            // SAFETY: The device was enabled above, and the lock of its set is held.
            unsafe { bindings::vfio_pci_core_disable(core) };
        })?;

        // SAFETY: As above.
        unsafe { bindings::vfio_pci_core_finish_enable(core) };

        Ok(())
    }

    fn close_device(device: &Device<Self, Opened>) {
        // INVARIANT: The device was enabled when it was opened, and is disabled below.
        let enabled = Enabled(device);

        // Its user may have left it suspended; `vfio-pci-core` resumes it only below.
        let reset = pm_runtime::resume_and_get(device.parent()).and_then(|()| {
            let result = enabled.variant().reset(&enabled);

            pm_runtime::put(device.parent());
            result
        });
        if let Err(e) = reset {
            // `vfio-pci-core` switches the device's bus mastering off in any case, and it is reset
            // once more before the next user has it.
            dev_warn!(device.parent(), "can't be reset after use: {e:?}\n");
        }

        // SAFETY: The VFIO core calls this for a device that it opened by `open_device`.
        unsafe { bindings::vfio_pci_core_close_device(device.as_raw()) };
    }

    fn ioctl(device: &Device<Self, Opened>, cmd: u32, arg: usize) -> Result<usize> {
        if cmd != RESET || device.data().has_reset.load(Relaxed) {
            // SAFETY: The VFIO core calls this for a device that a user has open; `arg` is what the
            // user passed.
            let ret = unsafe { bindings::vfio_pci_core_ioctl(device.as_raw(), cmd, arg) };
            let value = usize::try_from(ret).map_err(|_| errno(ret))?;

            if cmd != RESET {
                return Ok(value);
            }
        }

        // INVARIANT: The user has it open: it was enabled, and is not disabled before it is closed.
        let enabled = Enabled(device);

        enabled.variant().reset(&enabled).map(|()| 0)
    }
}

/// Returns the error that a negative answer of C code stands for.
fn errno(ret: c_long) -> Error {
    c_int::try_from(ret).map_or(EINVAL, Error::from_errno)
}
