// SPDX-License-Identifier: GPL-2.0

//! What of the saved policy an initramfs has.

use crate::{modules, system::System};

/// Returns the images that the running kernel may have been booted with, and will be.
pub fn images(system: &System) -> Vec<String> {
    let release = modules::release(system);
    [
        format!("/boot/initrd.img-{release}"),
        format!("/boot/initramfs-{release}.img"),
    ]
    .into_iter()
    .filter(|image| system.exists(image))
    .collect()
}

/// Returns `true` if the file or folder `path` was changed after `image` was made.
pub fn is_newer(system: &System, path: &str, image: &str) -> bool {
    let changed = |path: &str| std::fs::metadata(system.at_root(path))?.modified();
    matches!((changed(path), changed(image)), (Ok(path), Ok(image)) if path > image)
}

/// Returns the hint to make the initramfs anew, where there is a tool that makes it.
pub fn advice(system: &System) -> Option<&'static str> {
    (system.is_dir("/etc/initramfs-tools") || system.is_dir("/etc/dracut.conf.d")).then_some(
        "build the initramfs again (update-initramfs -u, or dracut --force), so that it holds from the first probe",
    )
}
