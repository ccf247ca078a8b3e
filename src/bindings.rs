// SPDX-License-Identifier: GPL-2.0

//! Declarations of C items that the kernel's own bindings do not have.
//!
//! `bindgen` makes them from `bindings/bindings_helper.h`: the headers that `rust/bindings/` lacks,
//! and this module's helpers. Every other type is the kernel crate's own, so that values can go back
//! and forth between both. The kernel's items are reachable through this module as well.

#![allow(
    clippy::all,
    clippy::as_underscore,
    clippy::cast_lossless,
    clippy::ptr_as_ptr,
    clippy::ref_as_ptr,
    dead_code,
    improper_ctypes,
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    unknown_lints,
    unreachable_pub,
    unnecessary_transmutes,
    unsafe_op_in_unsafe_fn,
    unused_imports,
    clippy::undocumented_unsafe_blocks,
    reason = "generated"
)]

pub(crate) use kernel::bindings::*;
use pin_init::{
    MaybeZeroable,
    Zeroable, //
};

include!(concat!(env!("OVERDRIVE_OBJ"), "/bindings_generated.rs"));
