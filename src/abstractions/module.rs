// SPDX-License-Identifier: GPL-2.0

//! Loaded modules, other than this one.
//!
//! C header: [`include/linux/module.h`](srctree/include/linux/module.h)

use crate::bindings;
use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
#[cfg(MODULE)]
use kernel::container_of;
#[cfg(not(MODULE))]
use kernel::error::from_err_ptr;
use kernel::{
    error::to_result,
    prelude::*,
    types::Opaque, //
};

/// The version of this module.
pub(crate) fn version() -> &'static [u8] {
    // SAFETY: The function returns a string that lives as long as the module.
    unsafe { CStr::from_char_ptr(bindings::overdrive_version()) }.to_bytes()
}

/// Keeps a module from being unloaded.
///
/// # Invariants
///
/// Owns a reference count of the module, or the pointer is NULL: the code is part of the kernel.
pub(crate) struct Reference(*mut bindings::module);

// SAFETY: A reference can be given up by any thread.
unsafe impl Send for Reference {}

// SAFETY: Nothing can be had through a shared reference.
unsafe impl Sync for Reference {}

impl Reference {
    /// Takes a reference to this module.
    ///
    /// # Errors
    ///
    /// `ENODEV` if it is being unloaded.
    pub(crate) fn this(this: &'static ThisModule) -> Result<Self> {
        // SAFETY: The module is there: it is running this. The pointer can be NULL.
        if !unsafe { bindings::overdrive_try_module_get(this.as_ptr()) } {
            return Err(ENODEV);
        }
        // INVARIANT: The reference was taken just now.
        Ok(Self(this.as_ptr()))
    }

    /// Takes a reference to the module that `address` is in.
    ///
    /// There is none if it is the kernel's own.
    ///
    /// # Errors
    ///
    /// `ENODEV` if the module is being unloaded.
    #[cfg(not(MODULE))]
    pub(crate) fn of(_this: &'static ThisModule, address: usize) -> Result<Option<Self>> {
        // SAFETY: The function has no requirements.
        let module = from_err_ptr(unsafe { bindings::overdrive_module_get_of(address) })?;

        // INVARIANT: The function took a reference.
        Ok((!module.is_null()).then_some(Self(module)))
    }

    /// Takes a reference to the module that `address` is in.
    ///
    /// There is none if it is the kernel's own.
    ///
    /// # Errors
    ///
    /// `ENODEV` if the module is being unloaded.
    #[cfg(MODULE)]
    pub(crate) fn of(this: &'static ThisModule, address: usize) -> Result<Option<Self>> {
        // SAFETY: This module has its directory in sysfs, which is a member of the set of all
        // modules' directories, for longer than it runs.
        let all = unsafe { (*this.as_ptr()).mkobj.kobj.kset };
        let mut found = Ok(None);

        if all.is_null() {
            return Err(ENODEV);
        }
        // SAFETY: The list of a kset is protected by its lock, and so are its members: each leaves
        // the list before it is freed. All members are embedded in a `module_kobject`. One that
        // belongs to a loadable module is embedded in this module in turn, and freed with it.
        unsafe {
            bindings::spin_lock(&raw mut (*all).list_lock);
            let head = &raw mut (*all).list;
            let mut at = (*head).next;
            while at != head {
                let kobj = container_of!(at, bindings::kobject, entry);
                let module = (*container_of!(kobj, bindings::module_kobject, kobj)).mod_;

                if !module.is_null() && bindings::overdrive_within_module(address, module) {
                    // INVARIANT: The reference was taken just now.
                    found = if bindings::overdrive_try_module_get(module) {
                        Ok(Some(Self(module)))
                    } else {
                        Err(ENODEV)
                    };
                    break;
                }
                at = (*at).next;
            }
            bindings::spin_unlock(&raw mut (*all).list_lock);
        }
        found
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        // SAFETY: By the type invariants. NULL is allowed.
        unsafe { bindings::module_put(self.0) };
    }
}

/// A module that is going away.
///
/// # Invariants
///
/// The pointer is valid.
pub(crate) struct Going(NonNull<bindings::module>);

impl Going {
    /// Returns `true` if `address` is in the module's code or data.
    pub(crate) fn contains(&self, address: usize) -> bool {
        // SAFETY: By the type invariants.
        unsafe { bindings::overdrive_within_module(address, self.0.as_ptr()) }
    }
}

/// The listener of a [`GoingNotifier`].
pub(crate) trait GoingHandler: 'static {
    /// Called when a module is going away: after its exit function, or after its init function failed,
    /// and before its memory is freed. Can sleep.
    fn going(module: &Going);
}

/// The registration of a [`GoingHandler`]; dropping it waits until no call is under way.
///
/// # Invariants
///
/// `block` is registered.
#[pin_data(PinnedDrop)]
pub(crate) struct GoingNotifier<H: GoingHandler> {
    #[pin]
    block: Opaque<bindings::notifier_block>,
    _handler: PhantomData<fn() -> H>,
}

// SAFETY: Nothing can be had through a shared reference.
unsafe impl<H: GoingHandler> Sync for GoingNotifier<H> {}

// SAFETY: It can be unregistered by any thread.
unsafe impl<H: GoingHandler> Send for GoingNotifier<H> {}

impl<H: GoingHandler> GoingNotifier<H> {
    /// Registers `H`.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            block <- Opaque::try_ffi_init(|slot: *mut bindings::notifier_block| {
                // SAFETY: `try_ffi_init` guarantees that `slot` is valid for writes; it is pinned, and
                // `PinnedDrop` unregisters it.
                to_result(unsafe {
                    slot.write(bindings::notifier_block {
                        notifier_call: Some(Self::callback),
                        ..Default::default()
                    });
                    bindings::register_module_notifier(slot)
                })
            }),
            _handler: PhantomData,
        })
    }

    extern "C" fn callback(
        _block: *mut bindings::notifier_block,
        action: c_ulong,
        data: *mut c_void,
    ) -> c_int {
        // CAST: The type is at least as wide.
        const GOING: c_ulong = bindings::module_state_MODULE_STATE_GOING as c_ulong;

        if let (GOING, Some(module)) = (action, NonNull::new(data.cast())) {
            // INVARIANT: The chain is called with a module that is there.
            H::going(&Going(module));
        }
        0
    }
}

#[pinned_drop]
impl<H: GoingHandler> PinnedDrop for GoingNotifier<H> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariants. Each call holds the chain's lock, which this takes.
        unsafe { bindings::unregister_module_notifier(self.block.get()) };
    }
}
