// SPDX-License-Identifier: GPL-2.0

//! The daily work of users of a PCI device, under overdrive's driver and the C vfio-pci.

use anyhow::{Context, Result, bail};
use libc::MAP_SHARED;
use overdrive_guest::{
    edu::register,
    mapping::PAGE,
    vfio::{Device, Group},
    wait::signals,
};
use vfio_bindings::bindings::vfio::{
    VFIO_PCI_BAR0_REGION_INDEX, VFIO_PCI_CONFIG_REGION_INDEX, VFIO_PCI_MSI_IRQ_INDEX,
};

use crate::figure::{Figure, Limit, Step};
use crate::machine;
use crate::module::Module;
use crate::sysfs::{self, Attribute};

/// Vendor and device ID.
type Id = (u16, u16);

const EDU: Id = (0x1234, 0x11e8);

/// No driver knows it, it can't be reset and has no power states: what is left is VFIO.
const TESTDEV: Id = (0x1b36, 0x0005);

/// Has a function level reset.
const NIC: Id = (0x8086, 0x10d3);

macro_rules! figure {
    ($name:literal, $limit:literal, $repeat:literal, $step:ident) => {
        Figure {
            name: $name,
            machine: machine::PCI,
            limit: Limit::Ratio($limit),
            repeat: $repeat,
            ours: || $step(Bound::to_ours),
            peer: || $step(Bound::to_peer),
        }
    };
}

pub const FIGURES: [Figure; 3] = [
    figure!("pci-config-read-4", 1.005, 200, config_read),
    figure!("pci-bar-pread-4", 1.005, 200, bar_read),
    figure!("pci-msi-eventfd", 1.005, 200, interrupt),
];

/// Those during which the thread sleeps: a device that is reset is given a tenth of a second.
///
/// Opening varies by six parts in a hundred on arm64, for the C driver as well.
pub const WITH_SLEEP: [Figure; 2] = [
    figure!("pci-open-close", 1.03, 1000, open_close),
    figure!("pci-reset", 1.005, 10, reset),
];

/// A device that is bound to a driver for as long as this lives.
struct Bound {
    address: String,
    /// The last to go.
    _module: Module,
}

type Bind = fn(Id) -> Result<Bound>;

impl Bound {
    fn to_ours(id: Id) -> Result<Self> {
        Self::new(id, "vfio-meta", Module::load("overdrive")?)
    }

    fn to_peer(id: Id) -> Result<Self> {
        Self::new(id, "vfio-pci", Module::load("vfio-pci")?)
    }

    fn new((vendor, device): Id, driver: &str, module: Module) -> Result<Self> {
        let addresses = sysfs::pci_devices(vendor, device)?;
        let address = addresses
            .first()
            .with_context(|| format!("no device {vendor:04x}:{device:04x}"))?
            .clone();

        move_to(&address, driver)?;
        Ok(Self {
            address,
            _module: module,
        })
    }
}

/// Gives the device to the driver that its override names, or to the standard one.
fn move_to(address: &str, over: &str) -> Result<()> {
    let device = sysfs::pci_device(address);

    Attribute::open(device.join("driver_override"))?.write(&format!("{over}\n"))?;
    if device.join("driver").exists() {
        Attribute::open(device.join("driver/unbind"))?.write(address)?;
    }
    Attribute::open("/sys/bus/pci/drivers_probe")?.write(address)
}

impl Drop for Bound {
    fn drop(&mut self) {
        if let Err(error) = move_to(&self.address, "") {
            eprintln!("{}: {error:#}", self.address);
        }
    }
}

/// An open device; fields are dropped in this order.
struct Opened {
    device: Device,
    _bound: Bound,
}

impl Opened {
    fn new(bind: Bind, id: Id) -> Result<Self> {
        let bound = bind(id)?;
        Ok(Self {
            device: Device::open_pci(&bound.address)?,
            _bound: bound,
        })
    }
}

/// The group remains open: it is none of the driver's business.
fn open_close(bind: Bind) -> Result<Step> {
    let bound = bind(TESTDEV)?;
    let group = Group::of_pci(&bound.address)?;

    Ok(Box::new(move || {
        let (group, bound) = (&group, &bound);
        drop(group.device(&bound.address)?);
        Ok(())
    }))
}

fn read(bind: Bind, region: u32) -> Result<Step> {
    let opened = Opened::new(bind, EDU)?;
    let region = opened.device.region(region)?;

    Ok(Box::new(move || {
        let opened = &opened;
        opened.device.read_u32(&region, 0)?;
        Ok(())
    }))
}

fn config_read(bind: Bind) -> Result<Step> {
    read(bind, VFIO_PCI_CONFIG_REGION_INDEX)
}

fn bar_read(bind: Bind) -> Result<Step> {
    read(bind, VFIO_PCI_BAR0_REGION_INDEX)
}

/// The device is told to interrupt, and does so at once.
fn interrupt(bind: Bind) -> Result<Step> {
    const RAISE: usize = register::INTERRUPT_RAISE as usize;
    const ACKNOWLEDGE: usize = register::INTERRUPT_ACKNOWLEDGE as usize;
    const PATIENCE: u32 = 10_000;

    let opened = Opened::new(bind, EDU)?;
    opened.device.set_bus_master(true)?;
    let event = opened.device.trigger(VFIO_PCI_MSI_IRQ_INDEX)?;
    let region = opened.device.region(VFIO_PCI_BAR0_REGION_INDEX)?;
    let registers = opened.device.map(region.offset, PAGE, MAP_SHARED)?;

    Ok(Box::new(move || {
        // In the order in which the closure's captures are to be dropped: a mapping keeps the device
        // open.
        let _undo = (&registers, &opened);
        registers.write_u32(RAISE, 1);
        for _ in 0..PATIENCE {
            if signals(&event)?.is_some() {
                registers.write_u32(ACKNOWLEDGE, 1);
                return Ok(());
            }
        }
        bail!("no interrupt")
    }))
}

/// A page of the device under vfio-pci is mapped, touched and unmapped: the peer of the same under
/// overdrive's platform driver. The C vfio-platform enters pages when they are mapped, for good.
pub fn map_under_peer() -> Result<Step> {
    let opened = Opened::new(Bound::to_peer, EDU)?;
    let region = opened.device.region(VFIO_PCI_BAR0_REGION_INDEX)?;

    Ok(Box::new(move || {
        let opened = &opened;
        opened
            .device
            .map(region.offset, PAGE, MAP_SHARED)?
            .read_u32(0);
        Ok(())
    }))
}

fn reset(bind: Bind) -> Result<Step> {
    let opened = Opened::new(bind, NIC)?;

    Ok(Box::new(move || {
        let opened = &opened;
        Ok(opened.device.reset()?)
    }))
}
