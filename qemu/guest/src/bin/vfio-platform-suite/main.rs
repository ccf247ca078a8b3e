// SPDX-License-Identifier: GPL-2.0

//! The protocol of a VFIO platform device, as a user of it sees it.
//!
//! `vfio-platform-suite DEVICE ours|c` expects the device, of the platform or the AMBA bus, bound to
//! overdrive's driver or to the C driver. Both are held to the same expectations. What one of them
//! does not have is skipped, and the few places where they differ are told apart in the tests, with
//! the reason.

mod info;
mod irqs;
mod map;
mod regions;
mod users;

use std::process::ExitCode;

use overdrive_guest::{
    ktap::{Outcome, Report},
    vfio::{Device, Region, firmware_bus},
};
use vfio_bindings::bindings::vfio::{
    VFIO_DEVICE_FLAGS_AMBA, VFIO_DEVICE_FLAGS_PLATFORM, VFIO_IRQ_INFO_MASKABLE,
    VFIO_REGION_INFO_FLAG_MMAP,
};

/// The device that the tests are run on.
struct Subject {
    name: String,
    /// Overdrive's driver has the device.
    ours: bool,
}

impl Subject {
    /// The flag that tells the device's bus.
    fn bus_flag(&self) -> u32 {
        match firmware_bus(&self.name) {
            "amba" => VFIO_DEVICE_FLAGS_AMBA,
            _ => VFIO_DEVICE_FLAGS_PLATFORM,
        }
    }

    /// The offset of registers that do not change by themselves.
    fn constant(&self) -> u64 {
        match self.name.ends_with(".pl031") {
            // What every AMBA device says of itself; the first register is a clock.
            true => 0xfe0,
            false => 0,
        }
    }

    fn open(&self) -> std::io::Result<Device> {
        let device = Device::open(&self.name)?;

        // The C driver maps a region when it is first read, and unmaps all of them in the end: for
        // one that was never read, the kernel complains.
        if !self.ours {
            for index in 0..device.info()?.regions {
                device.read_u32(&device.region(index)?, 0)?;
            }
        }
        Ok(device)
    }
}

/// A kind of device: some tests need to know registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    VirtioMmio {
        id: u32,
    },
    /// Registers in pages of their own.
    Pages,
    /// Those of a network controller, which keep what is written to them.
    Xgmac,
    /// Memory, and beside it the registers of the controller that resets the device.
    WithController,
    /// The same, but the line that resets the device resets another one as well.
    SharesReset,
    /// Memory that begins at an address that allows accesses of two bytes, and no longer ones.
    Misaligned,
    /// QEMU's firmware configuration: I/O ports.
    FwCfg,
    Other,
}

fn kind(subject: &Subject, device: &Device) -> std::io::Result<(Kind, Region)> {
    let region = device.region(0)?;
    let kind = if subject.name.starts_with("QEMU0002") {
        Kind::FwCfg
    } else if subject.name.ends_with(".ethernet") {
        Kind::Xgmac
    } else if subject.name.starts_with("fff53000.") {
        Kind::SharesReset
    } else if subject.name.starts_with("fff54002.") {
        Kind::Misaligned
    } else if subject.name.ends_with(".dma-controller") {
        Kind::WithController
    } else if region.flags & VFIO_REGION_INFO_FLAG_MMAP != 0 {
        Kind::Pages
    } else if device.read_u32(&region, 0)? == u32::from_le_bytes(*b"virt") {
        Kind::VirtioMmio {
            id: device.read_u32(&region, 8)?,
        }
    } else {
        Kind::Other
    };
    Ok((kind, region))
}

impl Kind {
    fn has_pages(self) -> bool {
        matches!(
            self,
            Kind::Pages | Kind::Xgmac | Kind::WithController | Kind::SharesReset
        )
    }
}

fn has_level_irq(device: &Device) -> std::io::Result<bool> {
    Ok(device.irq(0)?.flags & VFIO_IRQ_INFO_MASKABLE != 0)
}

type Test = (&'static str, fn(&Subject) -> Outcome);

fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let [_, name, driver] = args.as_slice() else {
        eprintln!("usage: vfio-platform-suite DEVICE ours|c");
        return ExitCode::from(2);
    };
    let subject = Subject {
        name: name.clone(),
        ours: driver == "ours",
    };

    let tests: Vec<Test> = [
        info::TESTS,
        regions::TESTS,
        map::TESTS,
        irqs::TESTS,
        users::TESTS,
    ]
    .concat();
    let mut report = Report::new(tests.len() + 1);
    let before = open_descriptors();
    for (name, test) in tests {
        report.result(name, test(&subject));
    }
    report.result(
        "no descriptor is left open",
        overdrive_guest::ktap::equal("the number of descriptors", open_descriptors(), before),
    );
    report.finish()
}
