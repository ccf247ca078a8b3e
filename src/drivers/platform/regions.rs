// SPDX-License-Identifier: GPL-2.0

//! The registers of a platform device, as regions of its VFIO file.
//!
//! A position in the file is the index of a region in the upper bits and an offset in the lower
//! [`OFFSET_SHIFT`], as in the C driver: userspace learns it by `VFIO_DEVICE_GET_REGION_INFO`.

use super::access::Access;
use crate::abstractions::{
    io::{
        Register,
        RegisterRange, //
    },
    rwsem::RwSemaphore,
    user_word,
    vfio::{
        Bus,
        Fault,
        RegionFlag,
        RegionFlags, //
    }, //
};
use kernel::{
    mm::virt::{
        flags,
        VmaNew, //
    },
    page::PAGE_SHIFT,
    prelude::*,
    uaccess::{
        UserPtr,
        UserSlice,
        UserSliceReader,
        UserSliceWriter, //
    }, //
};

const OFFSET_SHIFT: u32 = 40;
const PAGE_OFFSET_SHIFT: usize = OFFSET_SHIFT as usize - PAGE_SHIFT;

/// One register range.
pub(super) struct Region {
    range: RegisterRange,
    flags: RegionFlags,
}

/// The size of one access.
#[derive(Clone, Copy)]
enum Width {
    Byte = 1,
    Word = 2,
    Long = 4,
}

impl Region {
    fn new(range: RegisterRange) -> Self {
        let mut flags = RegionFlags::default();

        if range.is_accessible() {
            flags |= RegionFlag::Read;
            if !range.is_read_only() {
                flags |= RegionFlag::Write;
            }
        }
        // A page that is not the device's alone would give away something else's registers.
        if range.has_pages() {
            flags |= RegionFlag::Mmap;
        }

        Self { range, flags }
    }

    /// Returns the ways in which the region can be accessed.
    pub(super) fn flags(&self) -> RegionFlags {
        self.flags
    }

    /// Returns the size in bytes.
    pub(super) fn size(&self) -> u64 {
        self.range.size()
    }

    /// Returns the registers.
    pub(super) fn range(&self) -> &RegisterRange {
        &self.range
    }

    #[inline(always)]
    fn can(&self, flag: RegionFlag) -> Result {
        if self.flags.contains(flag) {
            Ok(())
        } else {
            Err(EINVAL)
        }
    }

    /// Returns how many of `count` bytes from `offset` on there are.
    #[inline(always)]
    fn clamp(&self, offset: u64, count: usize) -> Result<usize> {
        match self.size().checked_sub(offset) {
            None | Some(0) => Err(EINVAL),
            Some(rest) => Ok(count.min(usize::try_from(rest).unwrap_or(usize::MAX))),
        }
    }

    /// Returns `true` if a register of 4 bytes may be at `offset`.
    #[inline(always)]
    fn is_word(&self, offset: u64) -> bool {
        self.range.start().wrapping_add(offset) % 4 == 0
    }

    /// Calls `access` for each of the accesses that `count` bytes from `offset` on are: as in C, the
    /// largest of 4, 2 and 1 bytes that the address and the rest allow. What counts is the address, not
    /// the offset: a range may begin anywhere.
    #[inline(never)]
    fn split(
        &self,
        mut offset: u64,
        count: usize,
        mut access: impl FnMut(u64, Width) -> Result,
    ) -> Result<usize> {
        let mut rest = count;

        while rest > 0 {
            let address = self.range.start().wrapping_add(offset);
            let width = if rest >= 4 && address % 4 == 0 {
                Width::Long
            } else if rest >= 2 && address % 2 == 0 {
                Width::Word
            } else {
                Width::Byte
            };

            access(offset, width)?;
            offset += width as u64;
            rest -= width as usize;
        }

        Ok(count)
    }

    /// Copies one register to userspace.
    fn get<T: Register>(
        &self,
        lock: &RwSemaphore<Access>,
        offset: u64,
        to: &mut UserSliceWriter,
    ) -> Result {
        let access = lock.read();

        access.check()?;
        let value = self.range.read::<T>(offset)?;
        drop(access);

        to.write(&value)
    }

    /// Copies one register from userspace.
    fn put<T: Register>(
        &self,
        lock: &RwSemaphore<Access>,
        offset: u64,
        from: &mut UserSliceReader,
    ) -> Result {
        let value = from.read::<T>()?;
        let access = lock.read();

        access.check()?;
        self.range.write(offset, value)
    }
}

/// All regions of a device.
pub(super) struct Regions(KVec<Region>);

impl Regions {
    /// Takes the resources of `dev`, in the firmware's order.
    pub(super) fn new<B: Bus>(dev: &B::Device<'_>) -> Result<Self> {
        let mut regions = KVec::new();

        for index in 0.. {
            let Some(range) = B::registers(dev, index) else {
                break;
            };
            regions.push(Region::new(range), GFP_KERNEL_ACCOUNT)?;
        }

        Ok(Self(regions))
    }

    /// Returns the number of regions.
    pub(super) fn count(&self) -> Result<u32> {
        Ok(u32::try_from(self.0.len())?)
    }

    /// Returns region number `index`.
    ///
    /// # Errors
    ///
    /// `EINVAL` if there is none.
    pub(super) fn get(&self, index: u32) -> Result<&Region> {
        self.0.get(usize::try_from(index)?).ok_or(EINVAL)
    }

    /// Returns the position in the device's file at which region `index` begins.
    pub(super) fn position(index: u32) -> u64 {
        u64::from(index) << OFFSET_SHIFT
    }

    /// Returns the region at position `pos` of the device's file, and the offset within it.
    #[inline(always)]
    fn at(&self, pos: i64) -> Result<(&Region, u64)> {
        let pos = u64::try_from(pos)?;
        let region = self.get(u32::try_from(pos >> OFFSET_SHIFT)?)?;

        Ok((region, pos & ((1 << OFFSET_SHIFT) - 1)))
    }

    /// Reads from position `pos` of the device's file. Nobody who wants `lock` waits for a long
    /// transfer: it is taken for each access.
    ///
    /// # Errors
    ///
    /// `EINVAL` if no readable register is there, `ENODEV` if the device was taken away, `EFAULT`,
    /// `ENOMEM`.
    #[inline(always)]
    pub(super) fn read(
        &self,
        lock: &RwSemaphore<Access>,
        pos: i64,
        buf: UserPtr,
        count: usize,
    ) -> Result<usize> {
        let (region, offset) = self.at(pos)?;

        region.can(RegionFlag::Read)?;
        let count = region.clamp(offset, count)?;
        if count == 4 && region.is_word(offset) {
            // Nearly every access.
            let access = lock.read();

            access.check()?;
            let value = region.range.read(offset)?;
            drop(access);
            user_word::put(value, buf)?;
            return Ok(4);
        }

        let mut to = UserSlice::new(buf, count).writer();

        region.split(offset, count, |offset, width| match width {
            Width::Long => region.get::<u32>(lock, offset, &mut to),
            Width::Word => region.get::<u16>(lock, offset, &mut to),
            Width::Byte => region.get::<u8>(lock, offset, &mut to),
        })
    }

    /// Writes to position `pos` of the device's file, with the same errors.
    #[inline(always)]
    pub(super) fn write(
        &self,
        lock: &RwSemaphore<Access>,
        pos: i64,
        buf: UserPtr,
        count: usize,
    ) -> Result<usize> {
        let (region, offset) = self.at(pos)?;

        region.can(RegionFlag::Write)?;
        let count = region.clamp(offset, count)?;
        if count == 4 && region.is_word(offset) {
            // Nearly every access.
            let value = user_word::get(buf)?;
            let access = lock.read();

            access.check()?;
            region.range.write(offset, value)?;
            return Ok(4);
        }

        let mut from = UserSlice::new(buf, count).reader();

        region.split(offset, count, |offset, width| match width {
            Width::Long => region.put::<u32>(lock, offset, &mut from),
            Width::Word => region.put::<u16>(lock, offset, &mut from),
            Width::Byte => region.put::<u8>(lock, offset, &mut from),
        })
    }

    /// Returns the registers at page `pgoff` of the device's file, which `vma` is to show from there on, and the
    /// number of that page in it.
    ///
    /// # Errors
    ///
    /// `EINVAL` if there is none, or if it must not be accessed as `vma` says.
    pub(super) fn to_map(&self, vma: &VmaNew, pgoff: u64) -> Result<(&RegisterRange, u64)> {
        let region = self.get(u32::try_from(pgoff >> PAGE_OFFSET_SHIFT)?)?;

        region.can(RegionFlag::Mmap)?;
        if vma.flags() & flags::READ != 0 {
            region.can(RegionFlag::Read)?;
        }
        if vma.flags() & flags::WRITE != 0 {
            region.can(RegionFlag::Write)?;
        }
        // mprotect() must not add what was refused here.
        if region.can(RegionFlag::Write).is_err() {
            vma.try_clear_maywrite()?;
        }

        Ok((&region.range, pgoff & ((1 << PAGE_OFFSET_SHIFT) - 1)))
    }

    /// Enters the page that `fault` is about, if it is one of a region's.
    pub(super) fn fault(&self, fault: &mut Fault<'_>) {
        let page = fault.page_offset();
        let region = u32::try_from(page >> PAGE_OFFSET_SHIFT)
            .map_err(Error::from)
            .and_then(|index| self.get(index));

        if let Ok(region) = region {
            fault.insert(&region.range, page & ((1 << PAGE_OFFSET_SHIFT) - 1));
        }
    }
}
