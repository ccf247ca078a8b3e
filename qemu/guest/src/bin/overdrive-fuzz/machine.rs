// SPDX-License-Identifier: GPL-2.0

//! The devices that sequences play with, and what must hold when a sequence is over.

use std::{
    fs, io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

/// PCI functions that the guest can do without, by vendor and device.
const PLAYTHINGS: &[(&str, &str)] = &[
    ("0x1234", "0x11e8"),
    ("0x8086", "0x10d3"),
    ("0x8086", "0x100e"),
    ("0x1b36", "0x0005"),
    ("0x1b36", "0x0007"),
    ("0x1b36", "0x0010"),
    ("0x1af4", "0x1110"),
];

const DEVICES: &str = "/sys/bus/pci/devices";
const DRIVERS: &str = "/sys/bus/pci/drivers";
const RULES: &str = "/sys/kernel/config/overdrive-rules";
const BUSES: &str = "/sys/kernel/config/overdrive-buses";

/// The time that what goes on by itself may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A device, and what it is when nobody plays with it.
pub(crate) struct Plaything {
    pub(crate) name: String,
    pub(crate) standard: Option<String>,
}

impl Plaything {
    pub(crate) fn path(&self) -> PathBuf {
        Path::new(DEVICES).join(&self.name)
    }

    /// The driver that it is bound to.
    pub(crate) fn driver(&self) -> Option<String> {
        let link = fs::read_link(self.path().join("driver")).ok()?;
        Some(link.file_name()?.to_string_lossy().into_owned())
    }
}

pub(crate) struct Machine {
    pub(crate) devices: Vec<Plaything>,
}

impl Machine {
    pub(crate) fn survey() -> Result<Self> {
        let mut devices = Vec::new();
        for entry in fs::read_dir(DEVICES).context(DEVICES)? {
            let path = entry?.path();
            let read = |name| fs::read_to_string(path.join(name)).unwrap_or_default();
            let (vendor, device) = (read("vendor"), read("device"));
            if !PLAYTHINGS.contains(&(vendor.trim(), device.trim())) {
                continue;
            }
            let mut plaything = Plaything {
                name: path
                    .file_name()
                    .context("no name")?
                    .to_string_lossy()
                    .into_owned(),
                standard: None,
            };
            plaything.standard = plaything.driver();
            devices.push(plaything);
        }
        devices.sort_by(|a, b| a.name.cmp(&b.name));
        ensure!(!devices.is_empty(), "no device to play with");
        Ok(Self { devices })
    }

    /// Fails if the kernel has complained, or a status says other than sysfs.
    pub(crate) fn check(&self) -> Result<()> {
        let tainted = fs::read_to_string("/proc/sys/kernel/tainted").unwrap_or_default();
        let tainted: u64 = tainted.trim().parse().unwrap_or(0);
        // A warning, an oops, or a bad page; modules from elsewhere taint as well.
        ensure!(
            tainted & (1 << 9 | 1 << 7 | 1 << 5) == 0,
            "the kernel is tainted: {tainted}"
        );
        let lockdep = fs::read_to_string("/proc/lockdep_stats").unwrap_or_default();
        let off = lockdep
            .lines()
            .any(|line| line.contains("debug_locks:") && line.trim_end().ends_with(" 0"));
        ensure!(!off, "lockdep has given up");
        for device in &self.devices {
            eventually(|| status_is_true(device))?;
        }
        Ok(())
    }

    /// Takes back what a sequence did; fails if a device does not come back.
    pub(crate) fn restore(&self) -> Result<()> {
        for (directory, what) in [(RULES, "rule"), (BUSES, "bus")] {
            for name in directories(Path::new(directory)) {
                eventually(|| match fs::remove_dir(Path::new(directory).join(&name)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        bail!("{what} {name} can't be removed: {error}")
                    }
                    _ => Ok(()),
                })?;
            }
        }
        for driver in ["vfio-meta", "vfio-platform"] {
            let bus = if driver == "vfio-meta" {
                "pci"
            } else {
                "platform"
            };
            let path = format!("/sys/bus/{bus}/drivers/{driver}");
            for slot in fs::read_to_string(format!("{path}/slots"))
                .unwrap_or_default()
                .lines()
            {
                fs::write(format!("{path}/remove_slot"), slot.trim())
                    .with_context(|| format!("slot {slot} can't be removed"))?;
            }
        }
        for device in &self.devices {
            if !device.path().exists() {
                fs::write("/sys/bus/pci/rescan", "1").context("rescan")?;
            }
            eventually(|| put_back(device))?;
            // Most devices have no such file. It takes a driver, and one that was lost has left them.
            let _ = fs::write(device.path().join("sriov_numvfs"), "0");
        }
        Ok(())
    }
}

/// Gives a device its standard driver, as users do.
fn put_back(device: &Plaything) -> Result<()> {
    let name = &device.name;
    ensure!(device.path().exists(), "{name} has gone");
    let over = fs::read_to_string(device.path().join("driver_override")).unwrap_or_default();
    if over.trim() != "(null)" {
        fs::write(device.path().join("driver_override"), "\n")
            .with_context(|| format!("the override of {name} can't be cleared"))?;
    }
    if device.driver() != device.standard {
        // It can have lost its driver meanwhile.
        let _ = fs::write(device.path().join("driver/unbind"), name);
        let _ = fs::write("/sys/bus/pci/drivers_probe", name);
    }
    let (is, standard) = (device.driver(), &device.standard);
    ensure!(
        is == *standard,
        "{name} is with {is:?}, not with {standard:?}"
    );
    Ok(())
}

/// The status of a device says what sysfs does, and nobody has it on loan.
fn status_is_true(device: &Plaything) -> Result<()> {
    let Ok(status) = fs::read_to_string(device.path().join("overdrive/status")) else {
        return Ok(());
    };
    let field = |key: &str| {
        let value = status
            .split_whitespace()
            .find_map(|word| word.strip_prefix(key));
        value.unwrap_or("").trim_matches('"').to_owned()
    };
    let is = device.driver().unwrap_or_else(|| "-".to_owned());
    let name = &device.name;
    ensure!(
        field("driver=") == is,
        "{name} has {is}, its status: {status}"
    );
    let over = fs::read_to_string(device.path().join("driver_override")).unwrap_or_default();
    let over = match over.trim() {
        "(null)" => "-",
        over => over,
    };
    let told = field("override=");
    ensure!(
        over.contains(char::is_whitespace) || told == over,
        "{name} has the override {over}, its status: {status}"
    );
    ensure!(
        matches!(field("lent=").as_str(), "" | "-" | "no"),
        "{name} is lent when every file is closed: {status}"
    );
    ensure!(
        field("rebind=") != "busy",
        "{name} is still being moved: {status}"
    );
    Ok(())
}

fn directories(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// The drivers of the PCI bus that there are for the devices.
pub(crate) fn driver_path(driver: &str) -> PathBuf {
    Path::new(DRIVERS).join(driver)
}

fn eventually(check: impl Fn() -> Result<()>) -> Result<()> {
    let start = Instant::now();
    loop {
        match check() {
            Err(_) if start.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(20)),
            result => return result,
        }
    }
}
