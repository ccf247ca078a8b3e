// SPDX-License-Identifier: GPL-2.0

//! The daily work of users of a platform device, under overdrive's driver and the C vfio-platform.

use std::fs;

use anyhow::{Context, Result};
use libc::MAP_SHARED;
use overdrive_guest::{bus::PLATFORM, mapping::PAGE, vfio::Device};
use vfio_bindings::bindings::vfio::{VFIO_IRQ_SET_ACTION_TRIGGER, VFIO_IRQ_SET_ACTION_UNMASK};

use crate::figure::{Figure, Limit, Step};
use crate::machine::{self, LEVEL, PAGES, VIRTIO};
use crate::module::Module;
use crate::vfio_pci::map_under_peer;

macro_rules! figure {
    ($name:literal, $limit:literal, $repeat:literal, $step:ident) => {
        Figure {
            name: $name,
            machine: machine::PLATFORM,
            limit: Limit::Ratio($limit),
            repeat: $repeat,
            ours: || $step(Bound::to_ours),
            peer: || $step(Bound::to_peer),
        }
    };
}

/// Each access through the file takes a lock that the C driver does without: it never takes a device
/// away. A page fault is 0.97 of that of vfio-pci on x86_64, and 30 instructions of 10,200 more on arm64.
pub const FIGURES: [Figure; 5] = [
    figure!("platform-pread-4", 1.10, 200, pread),
    figure!("platform-pwrite-4", 1.10, 200, pwrite),
    figure!("platform-irq-eventfd", 1.00, 200, interrupt),
    figure!("platform-open-close", 1.00, 20, open_close),
    Figure {
        peer: map_under_peer,
        ..figure!("platform-mmap-fault", 1.005, 100, map)
    },
];

/// A device that is bound to a driver for as long as this lives.
struct Bound {
    device: &'static str,
    driver: &'static str,
    /// The last to go.
    _module: Module,
}

impl Bound {
    fn to_ours(device: &'static str) -> Result<Self> {
        let parameters = ["platform_driver=vfio-meta-platform", "reset_required=0"];
        let module = Module::load_with("overdrive", &parameters)?;
        Self::new(device, "vfio-meta-platform", module)
    }

    fn to_peer(device: &'static str) -> Result<Self> {
        let module = Module::load_with("vfio-platform", &["reset_required=0"])?;
        Self::new(device, "vfio-platform", module)
    }

    fn new(device: &'static str, driver: &'static str, module: Module) -> Result<Self> {
        fs::write(
            "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode",
            "1",
        )?;
        if let Some(standard) = PLATFORM.driver(device) {
            PLATFORM.unbind(device, &standard)?;
        }
        fs::write(override_of(device), driver)?;
        PLATFORM
            .bind(device, driver)
            .with_context(|| format!("binding {device} to {driver}"))?;
        Ok(Self {
            device,
            driver,
            _module: module,
        })
    }
}

fn override_of(device: &str) -> String {
    format!("/sys/bus/platform/devices/{device}/driver_override")
}

impl Drop for Bound {
    fn drop(&mut self) {
        let undone = PLATFORM
            .unbind(self.device, self.driver)
            .and_then(|()| fs::write(override_of(self.device), "\n"));
        if let Err(error) = undone {
            eprintln!("{}: {error}", self.device);
        }
    }
}

/// An open device; fields are dropped in this order.
struct Opened {
    device: Device,
    _bound: Bound,
}

impl Opened {
    fn new(bind: fn(&'static str) -> Result<Bound>, name: &'static str) -> Result<Self> {
        let bound = bind(name)?;
        let device = Device::open(name)?;
        // For a region that was never read, closing is a WARNING under the C driver.
        let region = device.region(0)?;
        device.read_u32(&region, 0)?;
        Ok(Self {
            device,
            _bound: bound,
        })
    }
}

fn pread(bind: fn(&'static str) -> Result<Bound>) -> Result<Step> {
    let opened = Opened::new(bind, VIRTIO)?;
    let region = opened.device.region(0)?;

    Ok(Box::new(move || {
        let opened = &opened;
        opened.device.read_u32(&region, 0)?;
        Ok(())
    }))
}

fn pwrite(bind: fn(&'static str) -> Result<Bound>) -> Result<Step> {
    // Selects a word of features: nothing comes of it.
    const DRIVER_FEATURES_SEL: u64 = 0x024;
    let opened = Opened::new(bind, VIRTIO)?;
    let region = opened.device.region(0)?;

    Ok(Box::new(move || {
        let opened = &opened;
        Ok(opened.device.write_u32(&region, DRIVER_FEATURES_SEL, 0)?)
    }))
}

/// The handler is called by the loopback: when a device interrupts is not for the guest to say.
fn interrupt(bind: fn(&'static str) -> Result<Bound>) -> Result<Step> {
    let opened = Opened::new(bind, LEVEL)?;
    let event = opened.device.trigger(0)?;

    Ok(Box::new(move || {
        let opened = &opened;
        opened.device.irq_now(VFIO_IRQ_SET_ACTION_TRIGGER, 0)?;
        event.read()?;
        Ok(opened.device.irq_now(VFIO_IRQ_SET_ACTION_UNMASK, 0)?)
    }))
}

fn open_close(bind: fn(&'static str) -> Result<Bound>) -> Result<Step> {
    let bound = bind(VIRTIO)?;

    Ok(Box::new(move || {
        // The whole of it is captured, and so bound for as long as the closure lives.
        let bound = &bound;
        let device = Device::open(bound.device)?;
        // For a region that was never read, closing is a WARNING under the C driver.
        let region = device.region(0)?;
        device.read_u32(&region, 0)?;
        Ok(())
    }))
}

/// A page is mapped, touched and unmapped.
fn map(bind: fn(&'static str) -> Result<Bound>) -> Result<Step> {
    let opened = Opened::new(bind, PAGES)?;
    let region = opened.device.region(0)?;

    Ok(Box::new(move || {
        let opened = &opened;
        opened
            .device
            .map(region.offset, PAGE, MAP_SHARED)?
            .read_u32(0);
        Ok(())
    }))
}
