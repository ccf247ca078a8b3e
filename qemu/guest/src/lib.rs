// SPDX-License-Identifier: GPL-2.0

//! What the programs that run inside overdrive's guests have in common.

pub mod bus;
pub mod ktap;
pub mod mapping;
pub mod sigbus;
pub mod vfio;
