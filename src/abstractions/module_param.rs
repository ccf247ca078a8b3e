// SPDX-License-Identifier: GPL-2.0

//! Module parameters that are strings or switches.
//!
//! The `module!` macro knows integers only. The variables and their registration are C, in
//! `bindings/helpers.c`; this file reads them.
//!
//! C header: [`include/linux/moduleparam.h`](srctree/include/linux/moduleparam.h)

use crate::bindings;
use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};

/// A parameter with a text that can't be changed once the module is loaded.
///
/// # Invariants
///
/// `value` points to a `char *` that the module loader wrote before it called the module's init
/// function and that nobody writes afterwards. It is NULL or a NUL-terminated string, which is valid
/// for as long as the module is loaded.
pub(crate) struct StringParam {
    name: &'static str,
    value: *const *mut c_char,
}

// SAFETY: By the type invariants, what `value` points to does not change while Rust code runs.
unsafe impl Sync for StringParam {}

impl StringParam {
    /// The name that the user writes.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// The value that the user wrote, or the default.
    pub(crate) fn value(&self) -> &'static CStr {
        // SAFETY: By the type invariants, there is a valid pointer to read.
        let value = unsafe { *self.value };

        if value.is_null() {
            return c"";
        }
        // SAFETY: By the type invariants, it points to a string that outlives all code of this module.
        unsafe { CStr::from_char_ptr(value) }
    }
}

/// `pci_driver=`
// INVARIANT: `overdrive_pci_driver` has a default that is not NULL, and permissions without write.
pub(crate) static PCI_DRIVER: StringParam = StringParam {
    name: "pci_driver",
    value: &raw const bindings::overdrive_pci_driver,
};

/// `platform_driver=`
// INVARIANT: `overdrive_platform_driver` likewise.
pub(crate) static PLATFORM_DRIVER: StringParam = StringParam {
    name: "platform_driver",
    value: &raw const bindings::overdrive_platform_driver,
};

#[cfg(CONFIG_ARM_AMBA)]
// INVARIANT: `overdrive_amba_driver` likewise.
static AMBA_DRIVER_PARAM: StringParam = StringParam {
    name: "amba_driver",
    value: &raw const bindings::overdrive_amba_driver,
};

/// `amba_driver=`, if the kernel has that bus.
#[cfg(CONFIG_ARM_AMBA)]
pub(crate) static AMBA_DRIVER: Option<&StringParam> = Some(&AMBA_DRIVER_PARAM);

/// `amba_driver=`, if the kernel has that bus.
#[cfg(not(CONFIG_ARM_AMBA))]
pub(crate) static AMBA_DRIVER: Option<&StringParam> = None;

/// `rules=`
// INVARIANT: `overdrive_rules` is NULL by default, and has permissions without write.
pub(crate) static RULES: StringParam = StringParam {
    name: "rules",
    value: &raw const bindings::overdrive_rules,
};

/// `slots=`
// INVARIANT: `overdrive_slots` likewise.
pub(crate) static SLOTS: StringParam = StringParam {
    name: "slots",
    value: &raw const bindings::overdrive_slots,
};

/// `buses=`
// INVARIANT: `overdrive_buses` likewise.
pub(crate) static BUSES: StringParam = StringParam {
    name: "buses",
    value: &raw const bindings::overdrive_buses,
};

/// A parameter of type `bool`.
///
/// # Invariants
///
/// The pointer leads to a `bool` that only `param_set_bool()` writes: before the module's init
/// function is called, and at any time if the parameter has permissions to write.
pub(crate) struct BoolParam(*mut bool);

// SAFETY: What the pointer leads to is accessed atomically.
unsafe impl Sync for BoolParam {}

impl BoolParam {
    /// The value that the user wrote last, or the default.
    pub(crate) fn value(&self) -> bool {
        // SAFETY: By the type invariants, the pointer is valid as long as the module is loaded. It is
        // written by one store of a byte.
        unsafe { Atomic::from_ptr(self.0) }.load(Relaxed)
    }
}

/// `reset_required=`
// INVARIANT: `overdrive_reset_required` is such a variable.
pub(crate) static RESET_REQUIRED: BoolParam =
    BoolParam(&raw mut bindings::overdrive_reset_required);

/// `nointxmask=`
// INVARIANT: `overdrive_nointxmask` likewise.
pub(crate) static NOINTXMASK: BoolParam = BoolParam(&raw mut bindings::overdrive_nointxmask);

/// `disable_idle_d3=`
// INVARIANT: `overdrive_disable_idle_d3` likewise.
pub(crate) static DISABLE_IDLE_D3: BoolParam =
    BoolParam(&raw mut bindings::overdrive_disable_idle_d3);

/// `disable_vga=`
// INVARIANT: `overdrive_disable_vga` likewise.
pub(crate) static DISABLE_VGA: BoolParam = BoolParam(&raw mut bindings::overdrive_disable_vga);

/// `enable_sriov=`
// INVARIANT: `overdrive_enable_sriov` likewise.
pub(crate) static ENABLE_SRIOV: BoolParam = BoolParam(&raw mut bindings::overdrive_enable_sriov);

/// `disable_denylist=`
// INVARIANT: `overdrive_disable_denylist` likewise.
pub(crate) static DISABLE_DENYLIST: BoolParam =
    BoolParam(&raw mut bindings::overdrive_disable_denylist);
