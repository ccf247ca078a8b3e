// SPDX-License-Identifier: GPL-2.0

//! Module parameters that are strings or switches.
//!
//! The `module!` macro knows integers only. The variables and their registration are C, in
//! `bindings/helpers.c`; this file reads them.
//!
//! C header: [`include/linux/moduleparam.h`](srctree/include/linux/moduleparam.h)

use crate::bindings;
use kernel::prelude::*;

/// A parameter of type `charp` that can't be changed once the module is loaded.
///
/// # Invariants
///
/// `value` points to a `char *` that the module loader wrote before it called the module's init
/// function and that nobody writes afterwards. It is a NUL-terminated string, which is valid for as
/// long as the module is loaded.
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
        // SAFETY: By the type invariants, there is a valid pointer to read, and it points to a
        // string that outlives all code of this module.
        unsafe { CStr::from_char_ptr(*self.value) }
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

/// `rules=`
// INVARIANT: `overdrive_rules` likewise.
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
/// A parameter of type `bool` that can't be changed once the module is loaded.
///
/// # Invariants
///
/// `value` points to a `bool` that the module loader wrote before it called the module's init
/// function and that nobody writes afterwards.
pub(crate) struct BoolParam(*const bool);

// SAFETY: By the type invariants, what the pointer leads to does not change while Rust code runs.
unsafe impl Sync for BoolParam {}

impl BoolParam {
    /// The value that the user wrote, or the default.
    pub(crate) fn value(&self) -> bool {
        // SAFETY: By the type invariants, there is a valid pointer to read.
        unsafe { *self.0 }
    }
}

/// `reset_required=`
// INVARIANT: `overdrive_reset_required` has permissions without write.
pub(crate) static RESET_REQUIRED: BoolParam =
    BoolParam(&raw const bindings::overdrive_reset_required);
