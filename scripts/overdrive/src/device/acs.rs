// SPDX-License-Identifier: GPL-2.0

//! Access Control Services: ports that send what devices below them say to each other up to the IOMMU.

use super::{config_space::ConfigSpace, pci_address::PciAddress};
use crate::system::{System, base, parent};

/// The capability that a PCI Express device has, and its kinds of ports.
const EXPRESS: u8 = 0x10;
const ROOT_PORT: u16 = 4;
const UPSTREAM_PORT: u16 = 5;
const DOWNSTREAM_PORT: u16 = 6;

/// The extended capability, and what the kernel wants of it: source validation, redirection of requests and of
/// completions, and forwarding upstream.
const ACS: u16 = 0x0d;
const WANTED: u16 = 0x1d;

/// Returns the ports and bridges above a PCI device that do not keep what is below them apart; `None` if that can't be
/// seen, which only root can.
///
/// Some ports do it without the capability. The kernel knows these, and the IOMMU group tells.
pub fn missing_above(system: &System, path: &str) -> Option<Vec<String>> {
    let mut missing = Vec::new();
    let mut folder = parent(path);
    while PciAddress::parse(base(folder)).is_some() {
        let space = ConfigSpace::read(system, folder).filter(ConfigSpace::is_whole)?;
        if !isolates(&space) {
            missing.push(base(folder).to_owned());
        }
        folder = parent(folder);
    }
    Some(missing)
}

fn isolates(space: &ConfigSpace) -> bool {
    let kind = space
        .capability(EXPRESS)
        .and_then(|at| space.half(at + 2))
        .map(|flags| flags >> 4 & 0xf);
    match kind {
        // Below it are downstream ports only.
        Some(UPSTREAM_PORT) => true,
        Some(ROOT_PORT | DOWNSTREAM_PORT) => {
            let Some(at) = space.extended_capability(ACS) else {
                return false;
            };
            match (space.half(at + 4), space.half(at + 6)) {
                (Some(able), Some(on)) => {
                    let wanted = WANTED & able;
                    on & wanted == wanted
                }
                _ => false,
            }
        }
        // A bridge to conventional PCI speaks for all that is below it.
        _ => false,
    }
}
