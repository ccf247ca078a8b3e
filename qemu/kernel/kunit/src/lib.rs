// SPDX-License-Identifier: GPL-2.0

//! The kernel's `#[kunit_tests]` on the host: its tests become ordinary ones.

use proc_macro::TokenStream;

/// Makes the module part of test builds only; the `#[test]` functions in it need no help.
#[proc_macro_attribute]
pub fn kunit_tests(_name: TokenStream, module: TokenStream) -> TokenStream {
    let mut out: TokenStream = "#[cfg(test)]".parse().expect("an attribute");

    out.extend(module);
    out
}
