// SPDX-License-Identifier: GPL-2.0

//! Regions with their capabilities.
//!
//! The `vfio-ioctls` crate tells about standard regions; those that a driver adds, and capabilities
//! which it does not know, are not among them.

use std::{
    fs::File,
    io,
    mem::ManuallyDrop,
    os::fd::{AsRawFd, FromRawFd},
};

use overdrive_guest::mapping::Mapping;
use vfio_bindings::bindings::vfio::{VFIO_BASE, VFIO_TYPE};
use vfio_ioctls::VfioDevice;
use vmm_sys_util::{errno, ioctl::ioctl_with_mut_ptr, ioctl_io_nr};

ioctl_io_nr!(VFIO_DEVICE_GET_INFO, VFIO_TYPE as u32, VFIO_BASE + 7);
ioctl_io_nr!(VFIO_DEVICE_GET_REGION_INFO, VFIO_TYPE as u32, VFIO_BASE + 8);

/// Room for the answer to a question about a region.
const ROOM: usize = 256;

/// Calls ioctl with a buffer that begins with its own length.
fn ask(device: &VfioDevice, request: libc::c_ulong, answer: &mut [u8; ROOM]) -> io::Result<()> {
    answer[..4].copy_from_slice(&(ROOM as u32).to_ne_bytes());

    // SAFETY: The kernel writes as many bytes as the buffer says that it has, at most.
    if unsafe { ioctl_with_mut_ptr(&device.as_raw_fd(), request, answer) } < 0 {
        return Err(io::Error::from_raw_os_error(errno::Error::last().errno()));
    }
    Ok(())
}

fn word(bytes: &[u8], offset: usize) -> Option<u32> {
    let bytes = bytes.get(offset..offset.checked_add(4)?)?;
    Some(u32::from_ne_bytes(bytes.try_into().ok()?))
}

fn long(bytes: &[u8], offset: usize) -> Option<u64> {
    let bytes = bytes.get(offset..offset.checked_add(8)?)?;
    Some(u64::from_ne_bytes(bytes.try_into().ok()?))
}

/// How many regions the device has, and whether it can be reset.
pub fn device_info(device: &VfioDevice) -> io::Result<(u32, bool)> {
    let mut answer = [0; ROOM];
    ask(device, VFIO_DEVICE_GET_INFO(), &mut answer)?;

    let flags = word(&answer, 4).ok_or(io::ErrorKind::InvalidData)?;
    let regions = word(&answer, 8).ok_or(io::ErrorKind::InvalidData)?;
    Ok((regions, flags & 1 != 0))
}

/// What the kernel tells about a region.
pub struct Region {
    pub flags: u32,
    pub size: u64,
    offset: u64,
    /// The ID and what follows the header, of each.
    pub capabilities: Vec<(u16, Vec<u8>)>,
}

impl Region {
    pub fn of(device: &VfioDevice, index: u32) -> io::Result<Self> {
        let mut answer = [0; ROOM];
        answer[8..12].copy_from_slice(&index.to_ne_bytes());
        ask(device, VFIO_DEVICE_GET_REGION_INFO(), &mut answer)?;

        Self::parse(&answer).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    fn parse(answer: &[u8]) -> Option<Self> {
        const HAS_CAPABILITIES: u32 = 1 << 3;
        const HEADER: usize = 8;

        let flags = word(answer, 4)?;
        let mut capabilities = Vec::new();
        let mut next = if flags & HAS_CAPABILITIES == 0 {
            0
        } else {
            word(answer, 12)? as usize
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
            size: long(answer, 16)?,
            offset: long(answer, 24)?,
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
fn file(device: &VfioDevice) -> ManuallyDrop<File> {
    // SAFETY: The descriptor is open as long as the device is, and is not closed here.
    ManuallyDrop::new(unsafe { File::from_raw_fd(device.as_raw_fd()) })
}
