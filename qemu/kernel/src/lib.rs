// SPDX-License-Identifier: GPL-2.0

//! Stands for the `kernel` crate where the module's own files are built for the host.
//!
//! Names and signatures are the kernel's, over the standard library; it has what these files use, and
//! no more.

pub mod alloc;
pub mod fmt;
pub mod prelude;
pub mod str;
pub mod sync;
