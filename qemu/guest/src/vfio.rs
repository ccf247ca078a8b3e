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

use vfio_bindings::bindings::vfio::{
    self, vfio_device_bind_iommufd, vfio_device_info, vfio_device_ioeventfd, vfio_irq_info,
    vfio_region_info,
};
use vmm_sys_util::eventfd::EventFd;

use crate::mapping::Mapping;

/// The number of a request, as `_IO(VFIO_TYPE, VFIO_BASE + number)` in C.
pub const fn request(number: u32) -> libc::c_ulong {
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

/// A structure that an ioctl reads and writes.
///
/// # Safety
///
/// It has no pointers, and may hold any bytes.
pub unsafe trait Argument: Copy {}

/// The beginning of every structure, with as much of the rest as tests of bad input need.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Beginning {
    pub argsz: u32,
    pub flags: u32,
    pub rest: [u32; 6],
}

/// `struct vfio_irq_set` with its data.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct IrqSet {
    pub argsz: u32,
    pub flags: u32,
    pub index: u32,
    pub start: u32,
    pub count: u32,
    pub data: [u32; 8],
}

// SAFETY: They consist of numbers.
unsafe impl Argument for Beginning {}
// SAFETY: As above.
unsafe impl Argument for IrqSet {}
// SAFETY: As above.
unsafe impl Argument for vfio_device_info {}
// SAFETY: As above.
unsafe impl Argument for vfio_region_info {}
// SAFETY: As above.
unsafe impl Argument for vfio_irq_info {}
// SAFETY: As above.
unsafe impl Argument for vfio_device_ioeventfd {}
// SAFETY: As above; the pointer to a token is not used.
unsafe impl Argument for vfio_device_bind_iommufd {}

/// The size that a structure has for the kernel.
pub fn argsz<T>() -> u32 {
    // VFIO's structures are small.
    size_of::<T>() as u32
}

/// Calls ioctl with a structure, which the kernel may write to.
pub fn ioctl_with<T: Argument>(
    file: &File,
    request: libc::c_ulong,
    argument: &mut T,
) -> io::Result<i32> {
    /// The kernel writes what it knows, whatever the structure's own length is.
    #[repr(C)]
    struct Padded<T> {
        argument: T,
        padding: [u64; 32],
    }
    let mut padded = Padded {
        argument: *argument,
        padding: [0; 32],
    };

    // SAFETY: There is space for the largest of VFIO's structures.
    let result = unsafe { ioctl(file.as_raw_fd(), request, &raw mut padded as usize) };
    *argument = padded.argument;
    result
}

/// Facts about a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    pub flags: u32,
    pub regions: u32,
    pub irqs: u32,
}

/// Facts about an interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Irq {
    pub flags: u32,
    pub count: u32,
}

/// Facts about a region.
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
    /// Opens the group of a device, behind an IOMMU or not.
    pub fn of(bus: &str, device: &str) -> io::Result<Self> {
        let number = group_number(bus, device)?;
        let without_iommu = PathBuf::from(format!("/dev/vfio/noiommu-{number}"));

        if without_iommu.exists() {
            Self::open(&without_iommu, vfio::VFIO_NOIOMMU_IOMMU)
        } else {
            let path = format!("/dev/vfio/{number}");
            Self::open(path.as_ref(), vfio::VFIO_TYPE1v2_IOMMU)
        }
    }

    /// Opens the group of a PCI device.
    pub fn of_pci(address: &str) -> io::Result<Self> {
        Self::of("pci", address)
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
    /// Opens a platform or AMBA device by its name, through its group.
    pub fn open(name: &str) -> io::Result<Self> {
        Self::open_in(Group::of(firmware_bus(name), name)?, name)
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

    pub fn info(&self) -> io::Result<Info> {
        info_of(&self.file)
    }

    pub fn region(&self, index: u32) -> io::Result<Region> {
        let mut info = vfio_region_info {
            argsz: argsz::<vfio_region_info>(),
            index,
            ..Default::default()
        };
        ioctl_with(&self.file, DEVICE_GET_REGION_INFO, &mut info)?;
        Ok(Region {
            flags: info.flags,
            size: info.size,
            offset: info.offset,
        })
    }

    pub fn irq(&self, index: u32) -> io::Result<Irq> {
        let mut info = vfio_irq_info {
            argsz: argsz::<vfio_irq_info>(),
            index,
            ..Default::default()
        };
        ioctl_with(&self.file, DEVICE_GET_IRQ_INFO, &mut info)?;
        Ok(Irq {
            flags: info.flags,
            count: info.count,
        })
    }

    /// Sets interrupts from `start` on; `data` follows the header, at most eight words.
    pub fn set_irqs(
        &self,
        flags: u32,
        index: u32,
        (start, count): (u32, u32),
        data: &[u32],
    ) -> io::Result<()> {
        let mut set = IrqSet {
            flags,
            index,
            start,
            count,
            ..Default::default()
        };
        set.data[..data.len()].copy_from_slice(data);
        set.argsz = argsz::<IrqSet>() - (4 * (set.data.len() - data.len())) as u32;
        ioctl_with(&self.file, DEVICE_SET_IRQS, &mut set).map(drop)
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
        // SAFETY: The ioctl has no argument.
        unsafe { ioctl(self.file.as_raw_fd(), DEVICE_RESET, 0) }.map(drop)
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

/// Facts about the device that is open as `file`.
pub fn info_of(file: &File) -> io::Result<Info> {
    let mut info = vfio_device_info {
        argsz: argsz::<vfio_device_info>(),
        ..Default::default()
    };
    ioctl_with(file, DEVICE_GET_INFO, &mut info)?;
    Ok(Info {
        flags: info.flags,
        regions: info.num_regions,
        irqs: info.num_irqs,
    })
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
