// SPDX-License-Identifier: GPL-2.0

//! Devices and their files in sysfs.

use anyhow::{Context, Result};
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const PCI_DEVICES: &str = "/sys/bus/pci/devices";

/// The addresses of all PCI devices with this vendor and device ID, in order.
pub fn pci_devices(vendor: u16, device: u16) -> Result<Vec<String>> {
    let is = |path: &Path, file: &str, id: u16| {
        fs::read_to_string(path.join(file)).is_ok_and(|text| text.trim() == format!("{id:#06x}"))
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(PCI_DEVICES).context(PCI_DEVICES)? {
        let entry = entry?;
        let path = entry.path();
        if is(&path, "vendor", vendor) && is(&path, "device", device) {
            found.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    found.sort();
    Ok(found)
}

/// The folder of a PCI device.
pub fn pci_device(address: &str) -> PathBuf {
    Path::new(PCI_DEVICES).join(address)
}

/// A file that is open for writing, so that a write costs a write and nothing else.
pub struct Attribute {
    file: File,
    path: PathBuf,
}

impl Attribute {
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let file = OpenOptions::new()
            .write(true)
            .open(&path)
            .with_context(|| path.display().to_string())?;
        Ok(Self { file, path })
    }

    pub fn write(&self, text: &str) -> Result<()> {
        self.file
            .write_all_at(text.as_bytes(), 0)
            .with_context(|| format!("{}: {text:?}", self.path.display()))
    }
}
