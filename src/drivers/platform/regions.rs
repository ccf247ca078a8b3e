// SPDX-License-Identifier: GPL-2.0

//! The registers of a platform device, as regions of its VFIO file.
//!
//! A position in the file is the index of a region in the upper bits and an offset in the lower
//! [`OFFSET_SHIFT`], as in the C driver: userspace learns it by `VFIO_DEVICE_GET_REGION_INFO`.

use super::bus_device::BusDevice;
use crate::{
    abstractions::{
        gate::Gate,
        io::{
            Io,
            IoMem,
            IoPort,
            Registers, //
        },
        resource::{
            Resource,
            ResourceIo, //
        },
        uaccess::Value,
        vfio::Fault, //
    },
    bindings::{
        VFIO_REGION_INFO_FLAG_MMAP,
        VFIO_REGION_INFO_FLAG_READ,
        VFIO_REGION_INFO_FLAG_WRITE, //
    }, //
};
use kernel::{
    mm::virt::{
        flags,
        VmaNew, //
    },
    page::PAGE_SHIFT,
    prelude::*,
    uaccess::UserPtr, //
};

const OFFSET_SHIFT: u32 = 40;
const PAGE_OFFSET_SHIFT: usize = OFFSET_SHIFT as usize - PAGE_SHIFT;

/// One register range.
///
/// A power of two in size, so that every access finds its own without a multiplication.
#[repr(align(64))]
pub(super) struct Region {
    resource: Resource,
    flags: u32,
}

/// Copies registers to or from userspace, each by an access of its natural size. Each passes the gate
/// by itself: nobody who wants it closed waits for a long transfer.
///
/// The loop is the C driver's: the largest of 4, 2 and 1 bytes that the alignment of the offset and
/// the remaining length allow. In addition, exactly 8 aligned bytes are one access.
macro_rules! transfer {
    ($io:expr, $off:expr, $count:expr, $buf:expr, $access:ident, $type:ty) => {{
        let (mut off, mut left, mut buf) = ($off, $count, $buf);

        while left > 0 {
            let done = if left >= 4 && off % 4 == 0 {
                $access::<u32, $type>($io, off, buf)?;
                4
            } else if left >= 2 && off % 2 == 0 {
                $access::<u16, $type>($io, off, buf)?;
                2
            } else {
                $access::<u8, $type>($io, off, buf)?;
                1
            };

            off += done;
            left -= done;
            buf = buf.wrapping_byte_add(usize::try_from(done)?);
        }
    }};
}

impl Region {
    fn new(resource: Resource) -> Self {
        let mut flags = match resource.io {
            ResourceIo::None => 0,
            _ if resource.read_only => VFIO_REGION_INFO_FLAG_READ,
            _ => VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE,
        };

        // A page that is not the device's alone would give away something else's registers.
        if let ResourceIo::Mem(mem) = &resource.io {
            if mem.has_pages() {
                flags |= VFIO_REGION_INFO_FLAG_MMAP;
            }
        }

        Self { resource, flags }
    }

    /// `VFIO_REGION_INFO_FLAG_*`: what can be done with the region.
    pub(super) fn flags(&self) -> u32 {
        self.flags
    }

    /// In bytes.
    pub(super) fn size(&self) -> u64 {
        self.resource.size
    }

    /// The registers as memory, if that is what they are.
    pub(super) fn io(&self) -> &ResourceIo {
        &self.resource.io
    }

    fn can(&self, flag: u32) -> Result {
        if self.flags & flag == flag {
            Ok(())
        } else {
            Err(EINVAL)
        }
    }

    /// How many of `count` bytes from `off` on there are.
    fn clamp(&self, off: u64, count: usize) -> Result<u64> {
        match self.size().checked_sub(off) {
            None | Some(0) => Err(EINVAL),
            Some(rest) => Ok(rest.min(u64::try_from(count)?)),
        }
    }

    #[inline(always)]
    fn read(&self, gate: &Gate, off: u64, count: usize, buf: UserPtr) -> Result<usize> {
        self.can(VFIO_REGION_INFO_FLAG_READ)?;
        let count = self.clamp(off, count)?;

        match &self.resource.io {
            // What nearly every access is.
            ResourceIo::Mem(mem) if count == 4 && off % 4 == 0 => {
                get::<u32, Registers<'_>>((gate, &mem.mapped()?), off, buf)?;
                Ok(4)
            }
            io => Self::read_any(io, gate, off, count, buf),
        }
    }

    #[inline(never)]
    fn read_any(io: &ResourceIo, gate: &Gate, off: u64, count: u64, buf: UserPtr) -> Result<usize> {
        match io {
            ResourceIo::Mem(mem) => {
                let io = (gate, &mem.mapped()?);

                #[cfg(CONFIG_64BIT)]
                if count == 8 && off % 8 == 0 {
                    get::<u64, Registers<'_>>(io, off, buf)?;
                    return Ok(8);
                }
                transfer!(io, off, count, buf, get, Registers<'_>);
            }
            ResourceIo::Port(port) => transfer!((gate, port), off, count, buf, get, IoPort),
            ResourceIo::None => return Err(EINVAL),
        }

        Ok(usize::try_from(count)?)
    }

    #[inline(always)]
    fn write(&self, gate: &Gate, off: u64, count: usize, buf: UserPtr) -> Result<usize> {
        self.can(VFIO_REGION_INFO_FLAG_WRITE)?;
        let count = self.clamp(off, count)?;

        match &self.resource.io {
            // What nearly every access is.
            ResourceIo::Mem(mem) if count == 4 && off % 4 == 0 => {
                put::<u32, Registers<'_>>((gate, &mem.mapped()?), off, buf)?;
                Ok(4)
            }
            io => Self::write_any(io, gate, off, count, buf),
        }
    }

    #[inline(never)]
    fn write_any(
        io: &ResourceIo,
        gate: &Gate,
        off: u64,
        count: u64,
        buf: UserPtr,
    ) -> Result<usize> {
        match io {
            ResourceIo::Mem(mem) => {
                let io = (gate, &mem.mapped()?);

                #[cfg(CONFIG_64BIT)]
                if count == 8 && off % 8 == 0 {
                    put::<u64, Registers<'_>>(io, off, buf)?;
                    return Ok(8);
                }
                transfer!(io, off, count, buf, put, Registers<'_>);
            }
            ResourceIo::Port(port) => transfer!((gate, port), off, count, buf, put, IoPort),
            ResourceIo::None => return Err(EINVAL),
        }

        Ok(usize::try_from(count)?)
    }
}

/// Copies one register to the user's `buf`, if the gate is open.
#[inline(always)]
fn get<T: Value, I: Io<T>>((gate, io): (&Gate, &I), off: u64, buf: UserPtr) -> Result {
    let register = io.at(off)?;

    gate.pass(move || I::load(register))?.put(buf)
}

/// Copies the user's `buf` to one register, if the gate is open.
#[inline(always)]
fn put<T: Value, I: Io<T>>((gate, io): (&Gate, &I), off: u64, buf: UserPtr) -> Result {
    let register = io.at(off)?;
    let value = T::get(buf)?;

    gate.pass(move || I::store(register, value))
}

/// All regions of a device.
pub(super) struct Regions(KVec<Region>);

impl Regions {
    /// Takes the resources of `dev`, in the firmware's order.
    pub(super) fn new(dev: &impl BusDevice) -> Result<Self> {
        let mut regions = KVec::new();

        for index in 0.. {
            let Some(resource) = dev.resource(index) else {
                break;
            };
            regions.push(Region::new(resource), GFP_KERNEL_ACCOUNT)?;
        }

        Ok(Self(regions))
    }

    /// How many there are.
    pub(super) fn count(&self) -> Result<u32> {
        Ok(u32::try_from(self.0.len())?)
    }

    /// Region number `index`.
    ///
    /// # Errors
    ///
    /// `EINVAL` if there is none.
    #[inline(always)]
    pub(super) fn get(&self, index: u32) -> Result<&Region> {
        self.0.get(usize::try_from(index)?).ok_or(EINVAL)
    }

    /// The position in the device's file at which region `index` begins.
    pub(super) fn position(index: u32) -> u64 {
        u64::from(index) << OFFSET_SHIFT
    }

    /// The region at position `pos` of the device's file, and the offset within it.
    #[inline(always)]
    fn at(&self, pos: i64) -> Result<(&Region, u64)> {
        let pos = u64::try_from(pos)?;
        let region = self.get(u32::try_from(pos >> OFFSET_SHIFT)?)?;

        Ok((region, pos & ((1 << OFFSET_SHIFT) - 1)))
    }

    /// Reads from position `pos` of the device's file.
    ///
    /// # Errors
    ///
    /// `EINVAL` if no readable register is there, `EFAULT`, `ENOMEM`, and those of `gate`.
    #[inline(always)]
    pub(super) fn read(&self, gate: &Gate, pos: i64, buf: UserPtr, count: usize) -> Result<usize> {
        let (region, off) = self.at(pos)?;

        region.read(gate, off, count, buf)
    }

    /// Writes to position `pos` of the device's file, with the same errors.
    #[inline(always)]
    pub(super) fn write(&self, gate: &Gate, pos: i64, buf: UserPtr, count: usize) -> Result<usize> {
        let (region, off) = self.at(pos)?;

        region.write(gate, off, count, buf)
    }

    /// The memory at page `pgoff` of the device's file, which `vma` is to show from there on, and the
    /// number of that page in it.
    ///
    /// # Errors
    ///
    /// `EINVAL` if there is none, or if it must not be accessed as `vma` says.
    pub(super) fn to_map(&self, vma: &VmaNew, pgoff: u64) -> Result<(&IoMem, u64)> {
        let region = self.get(u32::try_from(pgoff >> PAGE_OFFSET_SHIFT)?)?;

        region.can(VFIO_REGION_INFO_FLAG_MMAP)?;
        let ResourceIo::Mem(mem) = region.io() else {
            return Err(EINVAL);
        };
        if vma.flags() & flags::READ != 0 {
            region.can(VFIO_REGION_INFO_FLAG_READ)?;
        }
        if vma.flags() & flags::WRITE != 0 {
            region.can(VFIO_REGION_INFO_FLAG_WRITE)?;
        }
        // mprotect() must not add what was refused here.
        if region.can(VFIO_REGION_INFO_FLAG_WRITE).is_err() {
            vma.try_clear_maywrite()?;
        }

        Ok((mem, pgoff & ((1 << PAGE_OFFSET_SHIFT) - 1)))
    }

    /// Enters the page that `fault` is about, if it is one of a region's.
    pub(super) fn fault(&self, fault: &mut Fault<'_>) {
        let page = fault.page_offset();
        let region = u32::try_from(page >> PAGE_OFFSET_SHIFT)
            .map_err(Error::from)
            .and_then(|index| self.get(index));

        if let Ok(ResourceIo::Mem(mem)) = region.map(Region::io) {
            fault.insert(mem, page & ((1 << PAGE_OFFSET_SHIFT) - 1));
        }
    }
}
