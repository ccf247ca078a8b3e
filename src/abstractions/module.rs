// SPDX-License-Identifier: GPL-2.0

//! Loaded modules, other than this one.
//!
//! C header: [`include/linux/module.h`](srctree/include/linux/module.h)

use crate::bindings;
use core::ptr::NonNull;
use kernel::{
    container_of,
    prelude::*, //
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
/// Owns a reference count of the module.
pub(crate) struct Reference(NonNull<bindings::module>);

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
        // SAFETY: The module is there: it is running this.
        if !unsafe { bindings::overdrive_try_module_get(this.as_ptr()) } {
            return Err(ENODEV);
        }
        // INVARIANT: The reference was taken just now.
        NonNull::new(this.as_ptr()).map(Self).ok_or(ENODEV)
    }

    /// Takes a reference to the module that `address` is in.
    ///
    /// There is none if it is the kernel's own.
    ///
    /// # Errors
    ///
    /// `ENODEV` if the module is being unloaded.
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
                        Ok(NonNull::new(module).map(Self))
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
        // SAFETY: By the type invariants.
        unsafe { bindings::module_put(self.0.as_ptr()) };
    }
}
