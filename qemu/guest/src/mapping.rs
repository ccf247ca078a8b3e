// SPDX-License-Identifier: GPL-2.0

//! Mapped memory: registers of a device, and memory that a device can reach.

use std::{
    fs::File,
    io,
    os::{fd::AsRawFd, unix::fs::FileExt},
    ptr::{self, NonNull},
};

pub const PAGE: usize = 4096;

/// A mapping that is undone when it is dropped.
pub struct Mapping {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: All accesses are volatile ones through raw pointers.
unsafe impl Send for Mapping {}

// SAFETY: As above.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps a file for reading and writing.
    pub fn of_file(file: &File, position: u64, len: usize, flags: i32) -> io::Result<Self> {
        let position = i64::try_from(position).map_err(io::Error::other)?;

        Self::new(flags, len, file.as_raw_fd(), position)
    }

    /// Maps a file at an address that is a multiple of `align`, a power of two.
    pub fn of_file_at_multiple(
        file: &File,
        position: u64,
        len: usize,
        align: usize,
    ) -> io::Result<Self> {
        let position = i64::try_from(position).map_err(io::Error::other)?;
        // Addresses that nobody else uses, until `place` is dropped; the file takes a part of them.
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        let place = Self::new(flags, len + align, -1, 0)?;
        let start = place.address().next_multiple_of(align);
        let flags = libc::MAP_SHARED | libc::MAP_FIXED;

        // SAFETY: The range is a part of the reserved one, which nobody accesses.
        let mapping = unsafe { Self::new_at(start, flags, len, file.as_raw_fd(), position)? };
        let end = start + len;
        // SAFETY: What is left of the reserved range.
        unsafe {
            libc::munmap(place.start.as_ptr().cast(), start - place.address());
            libc::munmap(
                ptr::without_provenance_mut(end),
                place.address() + place.len - end,
            );
        }
        std::mem::forget(place);
        Ok(mapping)
    }

    /// Maps zeroed memory that stays where it is.
    pub fn locked(len: usize) -> io::Result<Self> {
        let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS | libc::MAP_POPULATE;
        let mapping = Self::new(flags, len, -1, 0)?;

        // SAFETY: The range is the mapping's.
        if unsafe { libc::mlock(mapping.start.as_ptr().cast(), len) } != 0 {
            return Err(io::Error::last_os_error());
        }
        for page in (0..len).step_by(PAGE) {
            mapping.write_u32(page, 0);
        }
        Ok(mapping)
    }

    fn new(flags: i32, len: usize, fd: i32, position: i64) -> io::Result<Self> {
        // SAFETY: The kernel chooses an address that nobody uses.
        unsafe { Self::new_at(0, flags, len, fd, position) }
    }

    /// # Safety
    ///
    /// With `MAP_FIXED` in `flags`, nobody may use what is mapped at `address` so far.
    unsafe fn new_at(
        address: usize,
        flags: i32,
        len: usize,
        fd: i32,
        position: i64,
    ) -> io::Result<Self> {
        let address = ptr::without_provenance_mut(address);
        let prot = libc::PROT_READ | libc::PROT_WRITE;

        // SAFETY: The caller guarantees that nobody's memory is replaced.
        let start = unsafe { libc::mmap(address, len, prot, flags, fd, position) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::AddrNotAvailable)?;
        Ok(Self { start, len })
    }

    pub fn address(&self) -> usize {
        self.start.as_ptr() as usize
    }

    /// Returns the physical address of the memory at `offset`: a device without an IOMMU must be told.
    pub fn physical(&self, offset: usize) -> io::Result<u64> {
        let address = self.address() + offset;
        let mut entry = [0; 8];
        File::open("/proc/self/pagemap")?
            .read_exact_at(&mut entry, (address / PAGE * size_of::<u64>()) as u64)?;

        let entry = u64::from_le_bytes(entry);
        let frame = entry & ((1 << 55) - 1);
        if entry >> 63 == 0 || frame == 0 {
            return Err(io::Error::other(
                "the page is not there, or its place is secret",
            ));
        }
        Ok(frame * PAGE as u64 + (address % PAGE) as u64)
    }

    fn at<T>(&self, offset: usize) -> *mut T {
        assert!(offset % size_of::<T>() == 0 && offset + size_of::<T>() <= self.len);
        // SAFETY: The range was just checked.
        unsafe { self.start.as_ptr().add(offset).cast() }
    }

    pub fn read_u8(&self, offset: usize) -> u8 {
        // SAFETY: The address is within the mapping.
        unsafe { self.at::<u8>(offset).read_volatile() }
    }

    pub fn read_u16(&self, offset: usize) -> u16 {
        // SAFETY: The address is within the mapping, and aligned.
        unsafe { self.at::<u16>(offset).read_volatile() }
    }

    pub fn read_u32(&self, offset: usize) -> u32 {
        // SAFETY: The address is within the mapping, and aligned.
        unsafe { self.at::<u32>(offset).read_volatile() }
    }

    pub fn write_u16(&self, offset: usize, value: u16) {
        // SAFETY: The address is within the mapping, and aligned.
        unsafe { self.at::<u16>(offset).write_volatile(value) };
    }

    pub fn write_u32(&self, offset: usize, value: u32) {
        // SAFETY: The address is within the mapping, and aligned.
        unsafe { self.at::<u32>(offset).write_volatile(value) };
    }

    pub fn write_u64(&self, offset: usize, value: u64) {
        // SAFETY: The address is within the mapping, and aligned.
        unsafe { self.at::<u64>(offset).write_volatile(value) };
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: The range is the mapping's, and nobody uses it any more.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.len) };
    }
}

/// Returns how many page faults the calling thread had that needed nothing from a disk.
pub fn faults() -> io::Result<i64> {
    // SAFETY: All zeroes are a value of it.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };

    // SAFETY: There is room for it.
    match unsafe { libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage) } {
        0 => Ok(usage.ru_minflt),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Reads a register in a child process; returns the signal that killed it, if one did.
pub fn signal_of_read(mapping: &Mapping, offset: usize) -> io::Result<Option<i32>> {
    let mut status = 0;

    // SAFETY: The child only reads, which is safe whatever other threads do.
    unsafe {
        let child = libc::fork();
        if child < 0 {
            return Err(io::Error::last_os_error());
        }
        if child == 0 {
            mapping.read_u32(offset);
            libc::_exit(0);
        }
        if libc::waitpid(child, &raw mut status, 0) < 0 {
            return Err(io::Error::last_os_error());
        }
    }

    Ok(libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status)))
}
