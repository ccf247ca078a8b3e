// SPDX-License-Identifier: GPL-2.0

//! Safe Rust over C APIs that the `kernel` crate lacks.
//!
//! Each file is shaped as the abstraction that it could become upstream, in `rust/kernel/`, and has
//! no policy of this module in it.

pub(crate) mod bus;
pub(crate) mod bus_match;
pub(crate) mod bus_register;
pub(crate) mod compat;
pub(crate) mod delayed_work;
pub(crate) mod device;
pub(crate) mod device_attr;
pub(crate) mod driver;
pub(crate) mod driver_attr;
pub(crate) mod driver_override;
#[cfg(not(MODULE))]
pub(crate) mod early_stage;
pub(crate) mod errno;
pub(crate) mod eventfd;
pub(crate) mod firmware;
#[cfg(CONFIG_DYNAMIC_FTRACE_WITH_ARGS)]
mod ftrace;
#[cfg(not(CONFIG_DYNAMIC_FTRACE_WITH_ARGS))]
mod ftrace_absent;
pub(crate) mod global;
pub(crate) mod identity;
mod in_flight;
pub(crate) mod io;
pub(crate) mod iommu;
pub(crate) mod irq;
pub(crate) mod misc_device;
pub(crate) mod module;
pub(crate) mod module_param;
pub(crate) mod monitor;
pub(crate) mod pm_runtime;
pub(crate) mod power;
pub(crate) mod rwsem;
pub(crate) mod trace;
pub(crate) mod uevent;
pub(crate) mod user_word;
pub(crate) mod vfio;
pub(crate) mod workqueue;
