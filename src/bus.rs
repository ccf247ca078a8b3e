// SPDX-License-Identifier: GPL-2.0

//! What differs per bus.

#![deny(unsafe_code)]

pub(crate) mod native;
