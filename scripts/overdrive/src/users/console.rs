// SPDX-License-Identifier: GPL-2.0

//! The console, and the screen that shows it.

use super::Use;
use crate::{
    device::Device,
    system::{System, is_within},
};

/// Adds that the device is the console, or shows it.
pub(super) fn collect(system: &System, device: &Device, uses: &mut Vec<Use>) {
    let active = system.line("/sys/class/tty/console/active");
    for terminal in active.split_whitespace() {
        if terminal == "tty0" {
            screen(system, device, uses);
            continue;
        }
        let is_console = is_of(system, device, &format!("/sys/class/tty/{terminal}"))
            || terminal.starts_with("hvc") && has_virtio_console(system, device);
        if is_console {
            uses.push(Use::vital(format!("{terminal} is the console")));
        }
    }
}

fn is_of(system: &System, device: &Device, link: &str) -> bool {
    system
        .real(link)
        .is_some_and(|path| path != device.path && is_within(&path, &device.path))
}

/// Returns `true` if the device has a port of virtio-console. Sysfs does not tell which terminal is on which port.
fn has_virtio_console(system: &System, device: &Device) -> bool {
    system.list(&device.path).iter().any(|name| {
        name.starts_with("virtio")
            && system
                .link_name(&device.file(&format!("{name}/driver")))
                .as_deref()
                == Some("virtio_console")
    })
}

/// Adds that the device shows the text console.
fn screen(system: &System, device: &Device, uses: &mut Vec<Use>) {
    let shows = |kind: &str| {
        system.list("/sys/class/vtconsole").iter().any(|console| {
            let file = |name| system.line(&format!("/sys/class/vtconsole/{console}/{name}"));
            file("name").contains(kind) && file("bind") == "1"
        })
    };
    let is_first = system.line(&device.file("boot_vga")) == "1";
    if is_first && shows("VGA") {
        uses.push(Use::vital(format!("{} shows the console", device.name)));
    }
    if !shows("frame buffer") {
        return;
    }
    let mut any = false;
    for screen in system.list("/sys/class/graphics") {
        let link = format!("/sys/class/graphics/{screen}");
        if !screen.starts_with("fb") || screen == "fbcon" {
            continue;
        }
        if is_of(system, device, &link) {
            uses.push(Use::vital(format!("{screen} shows the console")));
            any = true;
        }
    }
    // The firmware's frame buffer is in the memory of the card that it was set up on.
    if !any && is_first && has_firmware_screen(system) {
        uses.push(Use::vital(format!(
            "{} shows the console, which the firmware has set up",
            device.name
        )));
    }
}

fn has_firmware_screen(system: &System) -> bool {
    system.list("/sys/class/graphics").iter().any(|screen| {
        system
            .real(&format!("/sys/class/graphics/{screen}/device"))
            .is_some_and(|path| {
                ["simple-framebuffer", "efi-framebuffer", "vesa-framebuffer"]
                    .iter()
                    .any(|name| path.contains(&format!("/{name}.")))
            })
    })
}
