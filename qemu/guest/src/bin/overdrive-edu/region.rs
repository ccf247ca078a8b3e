// SPDX-License-Identifier: GPL-2.0

//! Regions with their capabilities.
//!
//! The `vfio-ioctls` crate tells about standard regions; those that a driver adds, and capabilities
//! which it does not know, are not among them.

use std::{
    fs::File,
    io,
    mem::{ManuallyDrop, offset_of},
    os::fd::{AsRawFd, FromRawFd},
};

use overdrive_guest::{
    mapping::Mapping,
    vfio::{DEVICE_GET_REGION_INFO, ioctl},
};
use vfio_bindings::bindings::vfio::vfio_region_info;
use vfio_ioctls::VfioDevice;

/// The size of the answer to a question about a region, with its capabilities.
const SIZE: usize = 256;

fn word(bytes: &[u8], offset: usize) -> Option<u32> {
    let bytes = bytes.get(offset..offset.checked_add(4)?)?;
    Some(u32::from_ne_bytes(bytes.try_into().ok()?))
}

fn long(bytes: &[u8], offset: usize) -> Option<u64> {
    let bytes = bytes.get(offset..offset.checked_add(8)?)?;
    Some(u64::from_ne_bytes(bytes.try_into().ok()?))
}

/// Facts about a region.
pub struct Region {
    pub flags: u32,
    pub size: u64,
    offset: u64,
    /// The ID and what follows the header, of each.
    pub capabilities: Vec<(u16, Vec<u8>)>,
}

impl Region {
    pub fn of(device: &VfioDevice, index: u32) -> io::Result<Self> {
        #[repr(C, align(8))]
        struct Answer([u8; SIZE]);
        let mut answer = Answer([0; SIZE]);
        let argsz = SIZE as u32;
        answer.0[..4].copy_from_slice(&argsz.to_ne_bytes());
        answer.0[8..12].copy_from_slice(&index.to_ne_bytes());

        // SAFETY: The kernel writes as many bytes as the buffer says that it has, at most.
        unsafe {
            ioctl(
                device.as_raw_fd(),
                DEVICE_GET_REGION_INFO,
                answer.0.as_mut_ptr() as usize,
            )?;
        }
        Self::parse(&answer.0).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    fn parse(answer: &[u8]) -> Option<Self> {
        const HAS_CAPABILITIES: u32 = 1 << 3;
        const HEADER: usize = 8;

        let flags = word(answer, offset_of!(vfio_region_info, flags))?;
        let mut capabilities = Vec::new();
        let mut next = if flags & HAS_CAPABILITIES == 0 {
            0
        } else {
            word(answer, offset_of!(vfio_region_info, cap_offset))? as usize
        };
        while next != 0 {
            let id = word(answer, next)? as u16;
            // None of those that are looked for is longer.
            let payload = answer
                .get(next + HEADER..)?
                .iter()
                .copied()
                .take(8)
                .collect();
            capabilities.push((id, payload));
            next = word(answer, next + 4)? as usize;
        }

        Some(Self {
            flags,
            size: long(answer, offset_of!(vfio_region_info, size))?,
            offset: long(answer, offset_of!(vfio_region_info, offset))?,
            capabilities,
        })
    }

    /// The payload of a capability.
    pub fn capability(&self, id: u16) -> Option<&[u8]> {
        self.capabilities
            .iter()
            .find(|(other, _)| *other == id)
            .map(|(_, payload)| payload.as_slice())
    }

    /// Maps all of it.
    pub fn map(&self, device: &VfioDevice) -> io::Result<Mapping> {
        let len = usize::try_from(self.size).map_err(io::Error::other)?;

        Mapping::of_file(&file(device), self.offset, len, libc::MAP_SHARED)
    }

    pub fn read(&self, device: &VfioDevice, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        use std::os::unix::fs::FileExt;

        file(device).read_at(bytes, self.offset + offset)
    }
}

/// The device's file, which remains the device's.
pub fn file(device: &VfioDevice) -> ManuallyDrop<File> {
    // SAFETY: The descriptor is open as long as the device is, and is not closed here.
    ManuallyDrop::new(unsafe { File::from_raw_fd(device.as_raw_fd()) })
}
