// SPDX-License-Identifier: GPL-2.0

//! Loading and unloading kernel modules.

use anyhow::{Result, ensure};
use std::process::Command;

/// A module that is loaded for as long as this lives.
pub struct Module(&'static str);

impl Module {
    pub fn load(name: &'static str) -> Result<Self> {
        Self::load_with(name, &[])
    }

    pub fn load_with(name: &'static str, parameters: &[&str]) -> Result<Self> {
        let status = Command::new("modprobe")
            .arg(name)
            .args(parameters)
            .status()?;
        ensure!(status.success(), "modprobe {name}: {status}");
        Ok(Self(name))
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        match Command::new("rmmod").arg(self.0).status() {
            Ok(status) if status.success() => (),
            other => eprintln!("rmmod {}: {other:?}", self.0),
        }
    }
}
