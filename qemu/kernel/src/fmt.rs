// SPDX-License-Identifier: GPL-2.0

//! Stands for `kernel::fmt`.

pub use std::fmt::*;
