// SPDX-License-Identifier: GPL-2.0

//! Registers of a device, in memory or behind I/O ports.
//!
//! The kernel crate's `io` types know memory only, want to know its size when they are compiled or
//! request the range for themselves, and have another shape in every series. Both kinds of registers
//! are accessed by the kernel's `ioread32()` and its like here: little-endian, and ordered as
//! `readl()` is.
//!
//! C headers: [`include/linux/io.h`](srctree/include/linux/io.h),
//! [`include/linux/ioport.h`](srctree/include/linux/ioport.h)

use crate::bindings;
use core::marker::PhantomData;
use kernel::{
    page::{
        PAGE_SHIFT,
        PAGE_SIZE, //
    },
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Full, //
    },
    transmute::{
        AsBytes,
        FromBytes, //
    }, //
};

const PAGE_OFFSET_MASK: u64 = PAGE_SIZE as u64 - 1;

/// The way in which registers are accessed.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Memory,
    Ports,
    /// Not at all: they are neither, or the architecture has no ports.
    None,
}

/// A range of a device's registers, mapped when it is first used.
///
/// # Invariants
///
/// - The range is a resource of a device, of the given kind, which is the caller's for as long as the
///   object lives.
/// - `addr` is NULL or the address of a mapping of the range that this object owns.
pub(crate) struct RegisterRange {
    start: u64,
    size: u64,
    kind: Kind,
    read_only: bool,
    addr: Atomic<*mut c_void>,
}

// SAFETY: Device registers can be accessed from any thread.
unsafe impl Send for RegisterRange {}

// SAFETY: As above; the mapping is published atomically.
unsafe impl Sync for RegisterRange {}

impl RegisterRange {
    /// Describes a resource. Nothing is mapped.
    ///
    /// # Safety
    ///
    /// `resource` must be valid, and one of a device that is bound to a driver of this module for as
    /// long as the result lives.
    pub(super) unsafe fn from_resource(resource: *const bindings::resource) -> Self {
        // SAFETY: By the safety requirements. The resources of a device do not change while it is
        // bound.
        let (start, end, flags) =
            unsafe { ((*resource).start, (*resource).end, (*resource).flags) };

        // INVARIANT: By the safety requirements; there is no mapping.
        Self {
            start,
            // As in C, the size of the whole address space is 0.
            size: end.wrapping_sub(start).wrapping_add(1),
            kind: match u32::try_from(flags & bindings::IORESOURCE_TYPE_BITS as c_ulong) {
                Ok(bindings::IORESOURCE_MEM) => Kind::Memory,
                Ok(bindings::IORESOURCE_IO) if cfg!(CONFIG_HAS_IOPORT_MAP) => Kind::Ports,
                _ => Kind::None,
            },
            read_only: flags & bindings::IORESOURCE_READONLY as c_ulong != 0,
            addr: Atomic::new(core::ptr::null_mut()),
        }
    }

    /// Returns the physical address of the first register, or the number of the first port.
    pub(crate) fn start(&self) -> u64 {
        self.start
    }

    /// Returns the size in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Returns `true` if the registers can be accessed at all.
    pub(crate) fn is_accessible(&self) -> bool {
        self.kind != Kind::None
    }

    /// Returns `true` if writing has no effect, or a bad one.
    pub(crate) fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// Returns `true` if the range consists of pages of its own.
    pub(crate) fn has_pages(&self) -> bool {
        self.kind == Kind::Memory
            && self.size != 0
            && (self.start | self.size) & PAGE_OFFSET_MASK == 0
    }

    /// Returns the page frame number of page `page` of the range, if `count` pages are there.
    pub(super) fn pfn(&self, page: u64, count: u64) -> Option<usize> {
        if !self.has_pages() || page.checked_add(count)? > self.size >> PAGE_SHIFT {
            return None;
        }

        usize::try_from((self.start >> PAGE_SHIFT).checked_add(page)?).ok()
    }

    /// Reads the register at `offset`, as [`Self::register`] finds it.
    pub(crate) fn read<T: RegisterValue>(&self, offset: u64) -> Result<T> {
        Ok(self.register(offset)?.read())
    }

    /// Writes the register at `offset`, as [`Self::register`] finds it.
    pub(crate) fn write<T: RegisterValue>(&self, offset: u64, value: T) -> Result {
        self.register(offset)?.write(value);
        Ok(())
    }

    /// Returns `true` if `len` bytes at `offset` are within the range, and their address a multiple of
    /// `len`.
    fn has(&self, offset: u64, len: u64) -> bool {
        offset.checked_add(len).is_some_and(|end| end <= self.size)
            // Not `%`, which calls a function that objtool does not know where `len` is no constant.
            && self.start.wrapping_add(offset).checked_rem(len) == Some(0)
    }

    /// Returns the register at `offset`. The first call may sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` if there is none of that size: it must be within the range, and its address a multiple
    /// of its size. `ENOMEM` if the range can't be mapped.
    pub(crate) fn register<T: RegisterValue>(&self, offset: u64) -> Result<Register<'_, T>> {
        if !self.has(offset, size_of::<T>() as u64) {
            return Err(EINVAL);
        }

        // SAFETY: The address is published by one store, and read by one load: a call would be longer
        // than what it is for. What is accessed with it depends on it, which orders the two.
        let mut addr = unsafe { self.addr.as_ptr().read_volatile() };
        if addr.is_null() {
            addr = self.map()?;
        }

        // INVARIANT: The register is within the range, and aligned; the mapping lives as long as `self`.
        Ok(Register {
            addr: addr.wrapping_byte_add(usize::try_from(offset)?),
            _range: PhantomData,
        })
    }

    #[cold]
    #[inline(never)]
    fn map(&self) -> Result<*mut c_void> {
        // SAFETY: By the type invariants, the range is a resource of a device.
        let addr = unsafe {
            match self.kind {
                Kind::Memory => bindings::ioremap(self.start, usize::try_from(self.size)?),
                Kind::Ports => bindings::overdrive_ioport_map(
                    usize::try_from(self.start)?,
                    u32::try_from(self.size)?,
                ),
                Kind::None => return Err(EINVAL),
            }
        };
        if addr.is_null() {
            return Err(ENOMEM);
        }

        // INVARIANT: The range was mapped above.
        match self.addr.cmpxchg(core::ptr::null_mut(), addr, Full) {
            Ok(_) => Ok(addr),
            Err(other) => {
                // SAFETY: The mapping was made above, and somebody else's was published before.
                unsafe { self.unmap(addr) };
                Ok(other)
            }
        }
    }

    /// # Safety
    ///
    /// `addr` must be a mapping of the range that is not used any more.
    unsafe fn unmap(&self, addr: *mut c_void) {
        // SAFETY: By the safety requirements.
        unsafe {
            match self.kind {
                Kind::Ports => bindings::overdrive_ioport_unmap(addr),
                _ => bindings::iounmap(addr),
            }
        }
    }
}

impl Drop for RegisterRange {
    fn drop(&mut self) {
        let addr = self.addr.load(Acquire);

        if !addr.is_null() {
            // SAFETY: By the type invariants, the mapping is this object's own.
            unsafe { self.unmap(addr) };
        }
    }
}

/// One register of a [`RegisterRange`].
///
/// # Invariants
///
/// A register of the size of `T` is mapped at `addr` for the lifetime `'a`.
pub(crate) struct Register<'a, T> {
    addr: *mut c_void,
    _range: PhantomData<(&'a RegisterRange, T)>,
}

impl<T: RegisterValue> Register<'_, T> {
    /// Reads the register.
    pub(crate) fn read(&self) -> T {
        // SAFETY: By the type invariants.
        unsafe { T::read(self.addr) }
    }

    /// Writes the register.
    pub(crate) fn write(&self, value: T) {
        // SAFETY: By the type invariants.
        unsafe { value.write(self.addr) };
    }
}

/// The value of a register that is accessed at once.
pub(crate) trait RegisterValue: AsBytes + FromBytes + Copy {
    /// Reads the register at `addr`.
    ///
    /// # Safety
    ///
    /// A register of this size must be mapped there.
    unsafe fn read(addr: *mut c_void) -> Self;

    /// Writes the register at `addr`.
    ///
    /// # Safety
    ///
    /// A register of this size must be mapped there.
    unsafe fn write(self, addr: *mut c_void);
}

macro_rules! impl_register {
    ($($type:ty, $read:ident, $write:ident;)*) => {$(
        impl RegisterValue for $type {
            unsafe fn read(addr: *mut c_void) -> Self {
                // SAFETY: The caller's promise.
                unsafe { bindings::$read(addr) }
            }

            unsafe fn write(self, addr: *mut c_void) {
                // SAFETY: The caller's promise.
                unsafe { bindings::$write(self, addr) };
            }
        }
    )*};
}

impl_register! {
    u8, overdrive_ioread8, overdrive_iowrite8;
    u16, overdrive_ioread16, overdrive_iowrite16;
    u32, overdrive_ioread32, overdrive_iowrite32;
}

#[kunit_tests(overdrive_registers)]
mod tests {
    use super::*;

    fn range(start: u64, size: u64) -> RegisterRange {
        // INVARIANT: Registers of this kind are never accessed, so that it may be nobody's.
        RegisterRange {
            start,
            size,
            kind: Kind::None,
            read_only: false,
            addr: Atomic::new(core::ptr::null_mut()),
        }
    }

    #[test]
    fn register_is_aligned_by_its_address_and_not_by_its_offset() {
        let odd = range(0x1002, 16);

        assert!(!odd.has(0, 4));
        assert!(odd.has(0, 2));
        assert!(odd.has(2, 4));
        assert!(!odd.has(1, 2));
        assert!(odd.has(1, 1));
        assert!(odd.register::<u32>(0).err() == Some(EINVAL));
    }

    #[test]
    fn register_ends_within_its_range() {
        let range = range(0x1000, 6);

        assert!(range.has(0, 4));
        assert!(!range.has(4, 4));
        assert!(range.has(4, 2));
        assert!(!range.has(6, 1));
        assert!(!range.has(u64::MAX - 3, 4));
    }
}
