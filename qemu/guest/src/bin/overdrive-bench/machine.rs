// SPDX-License-Identifier: GPL-2.0

//! The machines that have the devices, by the harness's names, and the names that devices have there.

#[cfg(not(target_arch = "aarch64"))]
mod own {
    pub const PCI: &str = "q35";
    pub const PLATFORM: &str = "microvm-acpi";
    pub const VIRTIO: &str = "LNRO0005:00";
    pub const PAGES: &str = "PNP0D10:00";
    pub const LEVEL: &str = VIRTIO;
}

#[cfg(target_arch = "aarch64")]
mod own {
    pub const PCI: &str = "virt";
    pub const PLATFORM: &str = "virt";
    pub const VIRTIO: &str = "a003e00.virtio_mmio";
    pub const PAGES: &str = "fff51000.ethernet";
    pub const LEVEL: &str = PAGES;
}

/// Has PCI devices, each in a group of its own.
pub const PCI: &str = own::PCI;

/// Has platform devices that firmware describes.
pub const PLATFORM: &str = own::PLATFORM;

/// A platform device: a virtio random number generator.
pub const VIRTIO: &str = own::VIRTIO;

/// A platform device whose registers have pages of their own: a USB or network controller.
pub const PAGES: &str = own::PAGES;

/// A platform device with a level-triggered interrupt.
pub const LEVEL: &str = own::LEVEL;

/// Has eight PCI devices whose drivers have work to do.
pub const SET: &str = "q35-set";
