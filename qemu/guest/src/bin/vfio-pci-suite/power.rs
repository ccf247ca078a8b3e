// SPDX-License-Identifier: GPL-2.0

//! Low power states that the user lets the device have.

use std::fs;

use overdrive_guest::{
    ktap::{Outcome, equal, skip},
    vfio::{Beginning, DEVICE_FEATURE, Device, ioctl_with},
    wait::until_true,
};
use vfio_bindings::bindings::vfio::{
    VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, VFIO_DEVICE_FEATURE_SET, VFIO_PCI_CONFIG_REGION_INDEX,
};

use crate::Test;

pub(crate) const TESTS: &[Test] = &[
    (
        "a device that its user lets sleep wakes up to be used",
        wakes_up,
    ),
    (
        "a device that was left asleep is resumed before it is touched",
        resumed_at_close,
    ),
];

const TRACING: &str = "/sys/kernel/tracing";

/// Opens the device, and lets it sleep; None if it does not.
fn asleep(address: &str) -> std::io::Result<Option<Device>> {
    let power = format!("/sys/bus/pci/devices/{address}/power");
    let device = Device::open_pci(address)?;
    let mut feature = Beginning {
        argsz: 8,
        flags: VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY | VFIO_DEVICE_FEATURE_SET,
        ..Default::default()
    };

    if fs::read_to_string(format!("{power}/control"))?.trim() != "auto" {
        return Ok(None);
    }
    ioctl_with(device.file(), DEVICE_FEATURE, &mut feature)?;
    until_true(|| {
        Ok(fs::read_to_string(format!("{power}/runtime_status"))?.trim() == "suspended")
    })?;
    Ok(Some(device))
}

fn wakes_up(address: &str) -> Outcome {
    let id = {
        let device = Device::open_pci(address)?;
        device.read_u32(&device.region(VFIO_PCI_CONFIG_REGION_INDEX)?, 0)?
    };
    let Some(device) = asleep(address)? else {
        return skip("the device has no low power states");
    };
    let config = device.region(VFIO_PCI_CONFIG_REGION_INDEX)?;
    equal("the ID", device.read_u32(&config, 0)?, id)
}

/// Kernel probes at the functions that resume a PCI device, and that access its configuration space.
struct Probes;

impl Probes {
    const RESUME: &str = "overdrive_resume";

    fn new() -> std::io::Result<Self> {
        let probes = format!(
            "p:vfio_suite/{} pci_pm_runtime_resume\np:vfio_suite/overdrive_config pci_bus_read_config_word\n",
            Self::RESUME
        );
        fs::write(format!("{TRACING}/kprobe_events"), probes)?;
        fs::write(format!("{TRACING}/trace"), "")?;
        fs::write(format!("{TRACING}/events/vfio_suite/enable"), "1")?;
        Ok(Self)
    }

    /// The first of the functions that this process has called since.
    fn first(&self) -> std::io::Result<Option<String>> {
        fs::write(format!("{TRACING}/events/vfio_suite/enable"), "0")?;
        let own = format!("-{} ", std::process::id());
        let trace = fs::read_to_string(format!("{TRACING}/trace"))?;

        Ok(trace
            .lines()
            .find(|line| !line.starts_with('#') && line.contains(&own))
            .map(str::to_owned))
    }
}

impl Drop for Probes {
    fn drop(&mut self) {
        fs::write(format!("{TRACING}/events/vfio_suite/enable"), "0").ok();
        fs::write(format!("{TRACING}/kprobe_events"), "").ok();
    }
}

fn resumed_at_close(address: &str) -> Outcome {
    if fs::metadata(format!("{TRACING}/kprobe_events")).is_err() {
        return skip("the kernel has no probes");
    }
    let Some(device) = asleep(address)? else {
        return skip("the device has no low power states");
    };
    let probes = Probes::new()?;
    drop(device);
    let first = probes.first()?;
    let is_resume = first.as_ref().map(|line| line.contains(Probes::RESUME));
    if is_resume != Some(true) {
        println!("# the first call was {first:?}");
    }
    equal("resumed first", is_resume, Some(true))
}
