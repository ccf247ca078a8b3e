// SPDX-License-Identifier: GPL-2.0

//! The configuration space of a PCI device.

use std::fs;

use crate::system::System;

/// The space that every PCI device has.
const CONVENTIONAL: usize = 0x40;

/// The beginning of the space that only PCI Express has, with a list of capabilities.
const EXTENDED: usize = 0x100;

/// No list of capabilities is longer; one that leads in circles is left.
const LONGEST: usize = 64;

/// The bytes of a configuration space, as many as the kernel gives: all to root, the first 64 to others.
#[derive(Debug)]
pub struct ConfigSpace(Vec<u8>);

impl ConfigSpace {
    /// Reads the space of the device whose folder is `path`; `None` if it sleeps, because reading would give ones.
    pub fn read(system: &System, path: &str) -> Option<Self> {
        if system.line(&format!("{path}/power_state")) == "D3cold" {
            return None;
        }
        let bytes = fs::read(system.at_root(&format!("{path}/config"))).ok()?;
        Some(Self(bytes))
    }

    /// Returns `true` if there is more than everybody may read.
    pub fn is_whole(&self) -> bool {
        self.0.len() > CONVENTIONAL
    }

    /// Returns the two bytes at an offset.
    pub fn half(&self, at: usize) -> Option<u16> {
        let bytes = self.0.get(at..at.checked_add(2)?)?;
        Some(u16::from_le_bytes(bytes.try_into().ok()?))
    }

    /// Returns the four bytes at an offset.
    pub fn word(&self, at: usize) -> Option<u32> {
        let bytes = self.0.get(at..at.checked_add(4)?)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    }

    /// Returns the offset of a capability of the conventional space.
    pub fn capability(&self, id: u8) -> Option<usize> {
        const STATUS: usize = 0x06;
        const HAS_LIST: u16 = 0x10;
        const FIRST: usize = 0x34;

        if self.half(STATUS)? & HAS_LIST == 0 {
            return None;
        }
        let mut at = usize::from(*self.0.get(FIRST)?) & !3;
        for _ in 0..LONGEST {
            if at < CONVENTIONAL {
                return None;
            }
            let [found, next] = self.half(at)?.to_le_bytes();
            if found == id {
                return Some(at);
            }
            at = usize::from(next) & !3;
        }
        None
    }

    /// Returns the offset of a capability of the extended space.
    pub fn extended_capability(&self, id: u16) -> Option<usize> {
        let mut at = EXTENDED;
        for _ in 0..LONGEST {
            let header = self.word(at)?;
            if header == 0 || header == u32::MAX {
                return None;
            }
            if header & 0xffff == u32::from(id) {
                return Some(at);
            }
            at = (header >> 20) as usize & !3;
            if at < EXTENDED {
                return None;
            }
        }
        None
    }
}
