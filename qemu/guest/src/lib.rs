// SPDX-License-Identifier: GPL-2.0

//! The library of the programs that run inside overdrive's guests.

pub mod bus;
pub mod ktap;
pub mod mapping;
pub mod sigbus;
pub mod vfio;
