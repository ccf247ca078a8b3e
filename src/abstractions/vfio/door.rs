// SPDX-License-Identifier: GPL-2.0

//! The door of a device: a look at whether users have the device open, and a way to keep them out.
//!
//! Unbinding a device from a VFIO driver waits until the last user has closed it. Who must not wait
//! asks by [`is_open`], or keeps new users out by [`close`] and finds the device without any. Both work
//! for a device of whatever bus, and without the device lock.
//!
//! # Races
//!
//! - Opening and closing the door are serialised: either [`close`] finds the device open, or whoever
//!   opens it later gets `EBUSY`, until the [`DoorClosed`] is dropped.
//! - A file of the character device that is not bound to an iommufd yet counts as open: the unbinding
//!   would wait for it. The door can't refuse such an `open()`, of which no driver is told; it refuses
//!   `VFIO_DEVICE_BIND_IOMMUFD` later on. So an unbinding can still have to wait for a file that was
//!   opened behind a closed door, as with any other VFIO driver.
//! - The last user's `close()` has the device closed a moment before the VFIO core is done with the
//!   file. An unbinding in between waits for that, and for no user.
//! - The door belongs to one binding of the device: if the device is unbound and bound again, the new
//!   door is open.
//!
//! The door is a device resource: the driver core keeps it as long as the device is bound, under a
//! lock that orders looking it up with letting it go.
//!
//! C header: [`include/linux/vfio.h`](srctree/include/linux/vfio.h)

use crate::bindings;
use core::ptr::NonNull;
use kernel::{
    device,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        new_spinlock,
        Arc,
        SpinLock, //
    }, //
};

/// Returns whether a user has `dev` open; `None` if no VFIO driver of this module has it.
pub(crate) fn is_open(dev: &device::Device) -> Option<bool> {
    Door::of(dev).map(|door| door.state.lock().is_open())
}

/// Closes the door of `dev`: nobody can open the device until the result is dropped.
///
/// # Errors
///
/// `EBUSY` if a user has it open, `ENODEV` if no VFIO driver of this module has it.
pub(crate) fn close(dev: &device::Device) -> Result<DoorClosed> {
    let door = Door::of(dev).ok_or(ENODEV)?;
    let mut state = door.state.lock();

    if state.is_open() {
        return Err(EBUSY);
    }
    state.closed += 1;
    drop(state);

    Ok(DoorClosed(door))
}

/// A closed door; dropping it opens the door, unless somebody else has closed it as well.
#[must_use = "dropping it opens the door again"]
pub(crate) struct DoorClosed(Arc<Door>);

impl Drop for DoorClosed {
    fn drop(&mut self) {
        self.0.state.lock().closed -= 1;
    }
}

struct State {
    /// The VFIO device, until it is unregistered.
    device: Option<NonNull<bindings::vfio_device>>,
    /// `open_device` was called, and `close_device` has not returned since.
    opened: bool,
    /// The number of those who have closed the door.
    closed: usize,
}

// SAFETY: The VFIO device can be looked at from any thread.
unsafe impl Send for State {}

impl State {
    fn is_open(&self) -> bool {
        self.opened
            || self.device.is_some_and(|device| {
                // SAFETY: The device exists until `Door::detach`. The count is only accessed
                // atomically.
                let files =
                    unsafe { Atomic::from_ptr(&raw mut (*device.as_ptr()).refcount.refs.counter) };

                // One is the registration's own.
                files.load(Relaxed) > 1
            })
    }
}

/// The door of a device that a VFIO driver has.
#[pin_data]
pub(super) struct Door {
    #[pin]
    state: SpinLock<State>,
}

impl Door {
    /// Creates the open door of `device`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`
    ///
    /// # Safety
    ///
    /// `device` must be valid until [`detach`](Self::detach) is called.
    pub(super) unsafe fn new(device: NonNull<bindings::vfio_device>) -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                state <- new_spinlock!(State {
                    device: Some(device),
                    opened: false,
                    closed: 0,
                }),
            }),
            GFP_KERNEL,
        )
    }

    /// Lets [`is_open`] and [`close`] find the door by `dev` for as long as `dev` is bound to the
    /// driver that is probing it.
    ///
    /// # Errors
    ///
    /// `ENOMEM`
    pub(super) fn attach(self: &Arc<Self>, dev: &device::Device<device::Core<'_>>) -> Result {
        // SAFETY: The function has no requirements; the name is a static string.
        let slot = unsafe {
            bindings::__devres_alloc_node(
                Some(Self::release_callback),
                size_of::<Arc<Self>>(),
                bindings::GFP_KERNEL,
                bindings::NUMA_NO_NODE,
                kernel::str::CStrExt::as_char_ptr(c"vfio_door"),
            )
        };
        let slot = NonNull::new(slot.cast::<Arc<Self>>()).ok_or(ENOMEM)?;

        // SAFETY: The memory is a new resource's, of the right size, and aligned as that of
        // `kmalloc()`. `dev` is valid and being probed, so that its resources are released when it is
        // unbound, or when the probe fails.
        unsafe {
            slot.write(self.clone());
            bindings::devres_add(as_raw(dev), slot.as_ptr().cast());
        }

        Ok(())
    }

    /// Forgets the device, which is not registered any more.
    pub(super) fn detach(&self) {
        self.state.lock().device = None;
    }

    /// Lets the first user in, until [`leave`](Self::leave).
    ///
    /// # Errors
    ///
    /// `EBUSY` if the door is closed.
    pub(super) fn enter(&self) -> Result {
        let mut state = self.state.lock();

        if state.closed != 0 {
            return Err(EBUSY);
        }
        state.opened = true;
        Ok(())
    }

    /// Lets the last user out.
    pub(super) fn leave(&self) {
        self.state.lock().opened = false;
    }

    fn of(dev: &device::Device) -> Option<Arc<Self>> {
        let mut found: Option<Arc<Self>> = None;

        // SAFETY: `dev` is valid. The function calls `found_callback` for each door of the device,
        // with the address of `found`, which outlives the call.
        unsafe {
            bindings::devres_for_each_res(
                as_raw(dev),
                Some(Self::release_callback),
                None,
                core::ptr::null_mut(),
                Some(Self::found_callback),
                (&raw mut found).cast(),
            );
        }

        found
    }

    extern "C" fn found_callback(
        _dev: *mut bindings::device,
        resource: *mut c_void,
        found: *mut c_void,
    ) {
        // SAFETY: The resource is one of `attach`: the release function tells. It is not released
        // meanwhile, as the device's list of resources is locked. `found` is that of `of`.
        unsafe {
            *found.cast::<Option<Arc<Self>>>() = Some((*resource.cast::<Arc<Self>>()).clone())
        };
    }

    extern "C" fn release_callback(_dev: *mut bindings::device, resource: *mut c_void) {
        // SAFETY: `attach` has put the reference there. The driver core calls this once, and frees
        // the memory afterwards.
        unsafe { core::ptr::drop_in_place(resource.cast::<Arc<Self>>()) };
    }
}

fn as_raw<Ctx: device::DeviceContext>(dev: &device::Device<Ctx>) -> *mut bindings::device {
    // `device::Device` is a transparent wrapper of `struct device`.
    core::ptr::from_ref(dev).cast_mut().cast()
}
