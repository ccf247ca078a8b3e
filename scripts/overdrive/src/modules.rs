// SPDX-License-Identifier: GPL-2.0

//! Kernel modules: loading them, and what their aliases tell.

pub mod alias;
pub mod driver;

use std::{
    io,
    process::{Command, Stdio},
};

use crate::system::System;

/// The folder that tells whether the module overdrive is loaded.
pub const OVERDRIVE: &str = "/sys/module/overdrive";

/// Returns `true` if the module overdrive is loaded.
pub fn is_overdrive_loaded(system: &System) -> bool {
    system.is_dir(OVERDRIVE)
}

/// Returns a parameter of the module overdrive, if it has a text.
pub fn parameter(system: &System, name: &str) -> Option<String> {
    system
        .word(&format!("{OVERDRIVE}/parameters/{name}"))
        .filter(|text| text != "(null)")
}

/// Returns the release of the running kernel.
pub fn release(system: &System) -> String {
    system.line("/proc/sys/kernel/osrelease")
}

/// Returns the folder of the running kernel's modules.
pub fn folder(system: &System) -> String {
    format!("/lib/modules/{}", release(system))
}

/// Loads a module by its name or an alias, with parameters; nothing is printed.
///
/// # Errors
///
/// What modprobe says, in one line; or that there is no modprobe.
pub fn load(system: &System, name: &str, parameters: &[String]) -> io::Result<()> {
    if !system.is_live() {
        return Err(io::Error::other("this is a recorded machine"));
    }
    let output = Command::new("modprobe")
        .arg("--")
        .arg(name)
        .args(parameters)
        .stdin(Stdio::null())
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(
        text.lines().next().unwrap_or("modprobe failed").to_owned(),
    ))
}

/// Returns a module's name as sysfs has it: with underscores.
pub fn canonical(name: &str) -> String {
    name.replace('-', "_")
}

/// Returns `true` if the module is loaded, or built into the kernel and known to it.
pub fn is_loaded(system: &System, name: &str) -> bool {
    system.is_dir(&format!("/sys/module/{}", canonical(name)))
}

/// Returns `true` if modprobe can find the module.
pub fn is_installed(system: &System, name: &str) -> bool {
    installed_file(system, name).is_some()
}

/// Returns the path of a module's file, as modprobe finds it.
pub fn installed_file(system: &System, name: &str) -> Option<String> {
    let folder = folder(system);
    let wanted = canonical(name);
    let text = system.text(&format!("{folder}/modules.dep"))?;
    text.lines()
        .filter_map(|line| line.split(':').next())
        .find(|file| {
            let stem = crate::system::base(file);
            canonical(stem.find(".ko").map_or(stem, |at| &stem[..at])) == wanted
        })
        .map(|file| match file.strip_prefix('/') {
            Some(_) => file.to_owned(),
            None => format!("{folder}/{file}"),
        })
}
