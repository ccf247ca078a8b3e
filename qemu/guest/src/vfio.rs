// SPDX-License-Identifier: GPL-2.0

//! A client of VFIO that does one thing at a time, and tells the errno.
//!
//! The `vfio-ioctls` crate knows type 1 containers only, not platform devices without an IOMMU, and
//! asks a device for everything when it opens it. Constants are those of `vfio-bindings`.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::{
        fd::{AsRawFd, FromRawFd, RawFd},
        unix::fs::FileExt,
    },
    path::{Path, PathBuf},
};

use vfio_bindings::bindings::vfio;
use vmm_sys_util::eventfd::EventFd;

use crate::mapping::Mapping;

const fn request(number: u32) -> libc::c_ulong {
    // As _IO(VFIO_TYPE, VFIO_BASE + number) in C.
    ((vfio::VFIO_TYPE as u32) << 8 | (vfio::VFIO_BASE + number)) as libc::c_ulong
}

pub const SET_IOMMU: libc::c_ulong = request(2);
pub const GROUP_SET_CONTAINER: libc::c_ulong = request(4);
pub const GROUP_GET_DEVICE_FD: libc::c_ulong = request(6);
pub const DEVICE_GET_INFO: libc::c_ulong = request(7);
pub const DEVICE_GET_REGION_INFO: libc::c_ulong = request(8);
pub const DEVICE_GET_IRQ_INFO: libc::c_ulong = request(9);
pub const DEVICE_SET_IRQS: libc::c_ulong = request(10);
pub const DEVICE_RESET: libc::c_ulong = request(11);
pub const DEVICE_GET_PCI_HOT_RESET_INFO: libc::c_ulong = request(12);
pub const DEVICE_PCI_HOT_RESET: libc::c_ulong = request(13);
pub const DEVICE_IOEVENTFD: libc::c_ulong = request(16);
pub const DEVICE_FEATURE: libc::c_ulong = request(17);
pub const DEVICE_BIND_IOMMUFD: libc::c_ulong = request(18);

/// Calls ioctl with whatever argument.
///
/// # Safety
///
/// `arg` must be what the ioctl expects, or an address that the kernel can't access.
pub unsafe fn ioctl(fd: RawFd, request: libc::c_ulong, arg: usize) -> io::Result<i32> {
    // SAFETY: The caller's promise.
    let result = unsafe { libc::ioctl(fd, request as _, arg) };

    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

/// Calls ioctl with a structure of words, which the kernel may write to.
pub fn ioctl_words(file: &File, request: libc::c_ulong, words: &mut [u32]) -> io::Result<i32> {
    // The kernel must not write behind the end: room for whatever it knows.
    let mut room = [0_u32; 64];
    room[..words.len()].copy_from_slice(words);

    // SAFETY: There is room for the largest of VFIO's structures.
    let result = unsafe { ioctl(file.as_raw_fd(), request, room.as_mut_ptr() as usize) };
    words.copy_from_slice(&room[..words.len()]);
    result
}

/// What can be told about a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    pub flags: u32,
    pub size: u64,
    pub offset: u64,
}

/// A group that is open, in a container of its own.
pub struct Group {
    file: File,
    _container: File,
}

impl Group {
    /// Opens the group of a platform or AMBA device without an IOMMU.
    pub fn of_platform(device: &str) -> io::Result<Self> {
        Self::open(&Device::group_path(device)?, vfio::VFIO_NOIOMMU_IOMMU)
    }

    /// Opens the group of a PCI device.
    pub fn of_pci(address: &str) -> io::Result<Self> {
        let path = format!("/dev/vfio/{}", group_number("pci", address)?);

        Self::open(path.as_ref(), vfio::VFIO_TYPE1v2_IOMMU)
    }

    fn open(path: &Path, iommu: u32) -> io::Result<Self> {
        let container = open(Path::new("/dev/vfio/vfio"))?;
        let file = open(path)?;
        let fd = container.as_raw_fd();

        // SAFETY: It expects the address of a descriptor's number, and then a number.
        unsafe {
            ioctl(
                file.as_raw_fd(),
                GROUP_SET_CONTAINER,
                &raw const fd as usize,
            )?;
            ioctl(fd, SET_IOMMU, iommu as usize)?;
        }
        Ok(Self {
            file,
            _container: container,
        })
    }

    /// Opens a device of the group; what follows the name is for the driver.
    pub fn device(&self, name: &str) -> io::Result<File> {
        let name = std::ffi::CString::new(name)?;

        // SAFETY: It expects a string. What it returns is a descriptor that nobody owns yet.
        unsafe {
            let fd = ioctl(
                self.file.as_raw_fd(),
                GROUP_GET_DEVICE_FD,
                name.as_ptr() as usize,
            )?;
            Ok(File::from_raw_fd(fd))
        }
    }
}

/// An open device.
pub struct Device {
    file: File,
    group: Group,
}

impl Device {
    /// Opens a platform or AMBA device by its name, through its no-IOMMU group.
    pub fn open(name: &str) -> io::Result<Self> {
        Self::open_in(Group::of_platform(name)?, name)
    }

    /// Opens a PCI device by its address, through its group.
    pub fn open_pci(address: &str) -> io::Result<Self> {
        Self::open_in(Group::of_pci(address)?, address)
    }

    /// Opens a device of a group that has no other user.
    pub fn open_in(group: Group, name: &str) -> io::Result<Self> {
        Ok(Self {
            file: group.device(name)?,
            group,
        })
    }

    /// The node of a platform or AMBA device's group.
    pub fn group_path(name: &str) -> io::Result<PathBuf> {
        let number = group_number(firmware_bus(name), name)?;

        Ok(format!("/dev/vfio/noiommu-{number}").into())
    }

    /// Opens the same device once more.
    pub fn open_again(&self, name: &str) -> io::Result<File> {
        self.group.device(name)
    }

    /// The descriptor of the device's group.
    pub fn group_fd(&self) -> RawFd {
        self.group.file.as_raw_fd()
    }

    pub fn file(&self) -> &File {
        &self.file
    }

    /// Flags, number of regions and number of interrupts.
    pub fn info(&self) -> io::Result<(u32, u32, u32)> {
        let mut words = [16, 0, 0, 0];
        ioctl_words(&self.file, DEVICE_GET_INFO, &mut words)?;
        Ok((words[1], words[2], words[3]))
    }

    pub fn region(&self, index: u32) -> io::Result<Region> {
        let mut words = [32, 0, index, 0, 0, 0, 0, 0];
        ioctl_words(&self.file, DEVICE_GET_REGION_INFO, &mut words)?;

        let long = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
        Ok(Region {
            flags: words[1],
            size: long(words[4], words[5]),
            offset: long(words[6], words[7]),
        })
    }

    /// Flags and count.
    pub fn irq(&self, index: u32) -> io::Result<(u32, u32)> {
        let mut words = [16, 0, index, 0];
        ioctl_words(&self.file, DEVICE_GET_IRQ_INFO, &mut words)?;
        Ok((words[1], words[3]))
    }

    /// Sets interrupts; `data` follows the header.
    pub fn set_irqs(
        &self,
        flags: u32,
        index: u32,
        range: (u32, u32),
        data: &[u32],
    ) -> io::Result<()> {
        let size = u32::try_from(20 + 4 * data.len()).unwrap_or(u32::MAX);
        let mut words = vec![size, flags, index, range.0, range.1];
        words.extend_from_slice(data);
        ioctl_words(&self.file, DEVICE_SET_IRQS, &mut words).map(drop)
    }

    /// Acts on the only interrupt of an index, now.
    pub fn irq_now(&self, action: u32, index: u32) -> io::Result<()> {
        self.set_irqs(action | vfio::VFIO_IRQ_SET_DATA_NONE, index, (0, 1), &[])
    }

    /// Acts on the only interrupt of an index whenever `fd` says so.
    pub fn irq_by_fd(&self, action: u32, index: u32, fd: RawFd) -> io::Result<()> {
        self.set_irqs(
            action | vfio::VFIO_IRQ_SET_DATA_EVENTFD,
            index,
            (0, 1),
            &[u32::from_ne_bytes(fd.to_ne_bytes())],
        )
    }

    /// Has interrupts of an index signalled to a new eventfd, which does not block.
    pub fn trigger(&self, index: u32) -> io::Result<EventFd> {
        let event = EventFd::new(libc::EFD_NONBLOCK | libc::EFD_CLOEXEC)?;
        self.irq_by_fd(vfio::VFIO_IRQ_SET_ACTION_TRIGGER, index, event.as_raw_fd())?;
        Ok(event)
    }

    pub fn reset(&self) -> io::Result<()> {
        ioctl_words(&self.file, DEVICE_RESET, &mut []).map(drop)
    }

    /// Reads one register.
    pub fn read_u32(&self, region: &Region, offset: u64) -> io::Result<u32> {
        let mut bytes = [0; 4];
        self.file
            .read_exact_at(&mut bytes, region.offset + offset)?;
        Ok(u32::from_le_bytes(bytes))
    }

    /// Writes one register.
    pub fn write_u32(&self, region: &Region, offset: u64, value: u32) -> io::Result<()> {
        self.file
            .write_all_at(&value.to_le_bytes(), region.offset + offset)
    }

    /// Lets a PCI device access memory and send interrupts as messages, or not.
    pub fn set_bus_master(&self, on: bool) -> io::Result<()> {
        const COMMAND: u64 = 4;
        const MASTER: u16 = 4;
        let config = self.region(vfio::VFIO_PCI_CONFIG_REGION_INDEX)?;
        let mut bytes = [0; 2];

        self.file
            .read_exact_at(&mut bytes, config.offset + COMMAND)?;
        let others = u16::from_le_bytes(bytes) & !MASTER;
        let value = if on { others | MASTER } else { others };
        self.file
            .write_all_at(&value.to_le_bytes(), config.offset + COMMAND)
    }

    /// Maps a part of a region, given by a position of the file.
    pub fn map(&self, position: u64, len: usize, flags: i32) -> io::Result<Mapping> {
        Mapping::of_file(&self.file, position, len, flags)
    }
}

/// The bus that a device is on of which firmware tells.
pub fn firmware_bus(name: &str) -> &'static str {
    if Path::new("/sys/bus/amba/devices").join(name).exists() {
        "amba"
    } else {
        "platform"
    }
}

fn group_number(bus: &str, device: &str) -> io::Result<String> {
    let link = fs::read_link(format!("/sys/bus/{bus}/devices/{device}/iommu_group"))?;

    Ok(link
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned())
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(|error| match error.raw_os_error() {
            // The suite looks at the errno.
            Some(errno) => io::Error::from_raw_os_error(errno),
            None => error,
        })
}
