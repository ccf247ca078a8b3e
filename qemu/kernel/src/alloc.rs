// SPDX-License-Identifier: GPL-2.0

//! Stands for `kernel::alloc`.

/// Never made here: the standard library aborts when memory runs out.
#[derive(Clone, Copy, Debug)]
pub struct AllocError;
