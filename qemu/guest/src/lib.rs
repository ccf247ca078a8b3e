// SPDX-License-Identifier: GPL-2.0

//! The common part of the programs that run inside overdrive's guests.

pub mod bus;
pub mod edu;
pub mod failslab;
pub mod ktap;
pub mod mapping;
pub mod sigbus;
pub mod vfio;
pub mod wait;
