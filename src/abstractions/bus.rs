// SPDX-License-Identifier: GPL-2.0

//! Buses, and what they tell about their devices.
//!
//! C header: [`include/linux/device/bus.h`](srctree/include/linux/device/bus.h)

use super::device::{
    as_raw,
    text_or_empty, //
};
use crate::bindings;
use core::ptr::NonNull;
use kernel::{
    container_of,
    device::Device,
    error::to_result,
    prelude::*,
    types::Opaque, //
};

/// Identifies a bus.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Id(usize);

impl Id {
    /// The bus that the device is on.
    pub(crate) fn of(dev: &Device) -> Self {
        // SAFETY: `dev` is valid. Its bus is set before it is added, and doesn't change.
        Self(unsafe { (*as_raw(dev)).bus }.addr())
    }

    /// Returns the place of its `struct bus_type`.
    pub(super) fn address(self) -> usize {
        self.0
    }
}

/// A bus that was registered when this was made.
///
/// # Invariants
///
/// Owns a reference count of the bus's kset, which keeps `subsys` valid. What `subsys.bus` points to
/// may be gone once the bus is unregistered: functions of the driver core compare it only.
pub(crate) struct Bus(NonNull<bindings::subsys_private>);

// SAFETY: A reference can be given up by any thread.
unsafe impl Send for Bus {}

// SAFETY: All methods can be called from any thread.
unsafe impl Sync for Bus {}

impl Bus {
    /// All registered buses that `filter` lets through, up to `capacity` of them.
    ///
    /// `filter` gets a bus's name, and whether its core honours the override of its devices. It must
    /// not sleep.
    pub(crate) fn all(capacity: usize, filter: impl Fn(&[u8], bool) -> bool) -> Result<KVec<Self>> {
        // The list can't be walked and memory be allocated at the same time.
        let mut buses = KVec::with_capacity(capacity, GFP_KERNEL)?;

        Self::walk(|subsys| {
            // SAFETY: The bus is registered, and its kset embedded in the struct.
            unsafe {
                let bus = (*subsys).bus;

                if buses.len() < capacity
                    && filter(text_or_empty((*bus).name), (*bus).driver_override)
                    && !bindings::kobject_get_unless_zero(&raw mut (*subsys).subsys.kobj).is_null()
                {
                    // INVARIANT: A reference was taken just now. There is room: checked above.
                    let _ = buses.push_within_capacity(Self(NonNull::new_unchecked(subsys)));
                }
            }
        })?;
        Ok(buses)
    }

    /// Calls `f` with each registered bus. `f` must not sleep.
    fn walk(mut f: impl FnMut(*mut bindings::subsys_private)) -> Result {
        // SAFETY: The platform bus exists from boot, and its kset is a member of the set of all.
        let kset = unsafe { bindings::bus_get_kset(&raw const bindings::platform_bus_type) };
        if kset.is_null() {
            return Err(ENODEV);
        }
        // SAFETY: See above; a kset that is in another holds a reference to it.
        let all = unsafe { (*kset).kobj.kset };

        // SAFETY: The list of a kset is protected by its lock, and so are its members: each leaves
        // the list before it is freed, and a bus unregisters its kset before it goes away. All
        // members are embedded in a `subsys_private`: only `bus_register()` adds any.
        unsafe {
            bindings::spin_lock(&raw mut (*all).list_lock);
            let head = &raw mut (*all).list;
            let mut at = (*head).next;
            while at != head {
                let kobj = container_of!(at, bindings::kobject, entry);
                let kset = container_of!(kobj, bindings::kset, kobj);
                let subsys = container_of!(kset, bindings::subsys_private, subsys);

                if !(*subsys).bus.is_null() {
                    f(subsys);
                }
                at = (*at).next;
            }
            bindings::spin_unlock(&raw mut (*all).list_lock);
        }
        Ok(())
    }

    fn as_raw(&self) -> *const bindings::bus_type {
        // SAFETY: By the type invariants.
        unsafe { self.0.as_ref() }.bus
    }

    /// Identifies the bus for as long as it is registered.
    pub(crate) fn id(&self) -> Id {
        Id(self.as_raw().addr())
    }

    /// Returns `true` if the bus is part of something that `contains` the address of its struct.
    pub(crate) fn is_part_of(&self, contains: impl FnOnce(usize) -> bool) -> bool {
        contains(self.id().address())
    }

    /// The function that says whether a driver can have a device, if there is one.
    pub(super) fn match_fn(
        &self,
    ) -> Option<unsafe extern "C" fn(*mut bindings::device, *const bindings::device_driver) -> c_int>
    {
        let mut found = None;

        // Looked up anew: what `self` points to is only compared while a bus is registered.
        let _ = Self::walk(|subsys| {
            if core::ptr::eq(subsys, self.0.as_ptr()) {
                // SAFETY: The bus is registered, so that its `bus_type` is there.
                found = unsafe { (*(*subsys).bus).match_ };
            }
        });
        found
    }

    /// The bus's name.
    pub(crate) fn name(&self) -> &[u8] {
        // SAFETY: By the type invariants; a kset is not renamed.
        unsafe { text_or_empty(self.0.as_ref().subsys.kobj.name) }
    }

    /// Returns `true` if the device is on the bus, and its removal has not come as far as to take it
    /// off.
    pub(crate) fn has(&self, dev: &Device) -> bool {
        extern "C" fn is_it(dev: *mut bindings::device, data: *const c_void) -> c_int {
            c_int::from(core::ptr::eq(dev.cast_const().cast(), data))
        }

        // SAFETY: The bus pointer is only compared. The callback compares addresses.
        let found = unsafe {
            bindings::bus_find_device(
                self.as_raw(),
                core::ptr::null_mut(),
                as_raw(dev).cast_const().cast(),
                Some(is_it),
            )
        };

        if found.is_null() {
            return false;
        }
        // SAFETY: `bus_find_device()` took the reference.
        unsafe { bindings::put_device(found) };
        true
    }

    /// Calls `f` with each device of the bus.
    pub(crate) fn for_each_device<F: FnMut(&Device)>(&self, mut f: F) {
        extern "C" fn callback<F: FnMut(&Device)>(
            dev: *mut bindings::device,
            data: *mut c_void,
        ) -> c_int {
            // SAFETY: `data` is the closure that was passed along with this function.
            let f = unsafe { &mut *data.cast::<F>() };

            // SAFETY: The iterator holds a reference to the device.
            f(unsafe { Device::from_raw(dev) });
            0
        }

        // SAFETY: `callback` gets the closure that it expects.
        unsafe {
            bindings::bus_for_each_dev(
                self.as_raw(),
                core::ptr::null_mut(),
                (&raw mut f).cast(),
                Some(callback::<F>),
            )
        };
    }
}

impl Clone for Bus {
    fn clone(&self) -> Self {
        // SAFETY: By the type invariants.
        unsafe { bindings::kobject_get(&raw mut (*self.0.as_ptr()).subsys.kobj) };
        // INVARIANT: A reference was taken just now.
        Self(self.0)
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        // SAFETY: By the type invariants.
        unsafe { bindings::kobject_put(&raw mut (*self.0.as_ptr()).subsys.kobj) };
    }
}

/// An event of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// It was added; nobody outside the kernel knows it, and nothing has probed it yet.
    Add,
    /// It is about to be removed.
    Del,
    /// It was removed; this is the last event of a device.
    Removed,
    /// A driver was bound. The device lock is held.
    Bound,
    /// A driver failed to bind. The device lock is held.
    NotBound,
}

impl Event {
    fn from_raw(action: c_ulong) -> Option<Self> {
        match u32::try_from(action).ok()? {
            bindings::bus_notifier_event_BUS_NOTIFY_ADD_DEVICE => Some(Self::Add),
            bindings::bus_notifier_event_BUS_NOTIFY_DEL_DEVICE => Some(Self::Del),
            bindings::bus_notifier_event_BUS_NOTIFY_REMOVED_DEVICE => Some(Self::Removed),
            bindings::bus_notifier_event_BUS_NOTIFY_BOUND_DRIVER => Some(Self::Bound),
            bindings::bus_notifier_event_BUS_NOTIFY_DRIVER_NOT_BOUND => Some(Self::NotBound),
            _ => None,
        }
    }
}

/// The listener.
pub(crate) trait Handler: Send + Sync {
    /// Called for each event of each device of the bus, in process context.
    fn event(&self, dev: &Device, event: Event);
}

/// The registration of a [`Handler`]; dropping it waits until no call is under way.
///
/// # Invariants
///
/// `block` is registered with `bus`, or `bus` is gone.
#[pin_data(PinnedDrop)]
pub(crate) struct Notifier<T: Handler> {
    #[pin]
    block: Opaque<bindings::notifier_block>,
    bus: Bus,
    handler: T,
}

// SAFETY: Nothing but references to its parts can be had through a shared reference.
unsafe impl<T: Handler> Sync for Notifier<T> {}

// SAFETY: It can be unregistered by any thread.
unsafe impl<T: Handler> Send for Notifier<T> {}

impl<T: Handler + 'static> Notifier<T> {
    /// Registers `handler` with `bus`.
    pub(crate) fn new(bus: Bus, handler: T) -> impl PinInit<Self, Error> {
        let raw_bus = bus.as_raw();

        try_pin_init!(Self {
            bus,
            handler,
            block <- Opaque::try_ffi_init(move |slot: *mut bindings::notifier_block| {
                // SAFETY: `try_ffi_init` guarantees that `slot` is valid for writes.
                unsafe {
                    slot.write(bindings::notifier_block {
                        notifier_call: Some(Self::callback),
                        // The last one to hear of a device: what others do when it is added is done.
                        priority: c_int::MIN,
                        ..Default::default()
                    });
                }
                // SAFETY: `slot` is pinned, and `PinnedDrop` unregisters it. What the callback
                // finds around it was initialised before.
                to_result(unsafe { bindings::bus_register_notifier(raw_bus, slot) })
            }),
        })
    }

    /// The bus.
    pub(crate) fn bus(&self) -> &Bus {
        &self.bus
    }

    /// The handler.
    pub(crate) fn handler(&self) -> &T {
        &self.handler
    }

    extern "C" fn callback(
        block: *mut bindings::notifier_block,
        action: c_ulong,
        data: *mut c_void,
    ) -> c_int {
        // SAFETY: `block` is the one that was registered, which is part of a `Notifier`.
        let this = unsafe { &*container_of!(Opaque::cast_from(block), Self, block) };

        if let Some(event) = Event::from_raw(action) {
            // SAFETY: A bus notifies with a valid `struct device`.
            this.handler
                .event(unsafe { Device::from_raw(data.cast()) }, event);
        }
        0
    }
}

#[pinned_drop]
impl<T: Handler> PinnedDrop for Notifier<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariants. Once this returns, no callback is running: each holds the
        // chain's lock.
        unsafe { bindings::bus_unregister_notifier(self.bus.as_raw(), self.block.get()) };
    }
}
