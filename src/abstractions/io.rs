// SPDX-License-Identifier: GPL-2.0

//! Registers of a device: in memory, and behind I/O ports.
//!
//! Accesses are checked against the size of the region at run time. Multi-byte values are
//! little-endian, as the kernel's `readl()` and friends have it.
//!
//! C header: [`include/linux/io.h`](srctree/include/linux/io.h)

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
    }, //
};

const PAGE_OFFSET_MASK: u64 = PAGE_SIZE as u64 - 1;

/// A range of physical memory with device registers, mapped when it is first used.
///
/// # Invariants
///
/// `addr` is NULL or the address of a mapping of the range that this object owns.
pub(crate) struct IoMem {
    start: u64,
    size: u64,
    /// How many pages it has, if it begins and ends with one of its own; else 0. Worked out once, as
    /// every mapping and every fault asks.
    pages: u64,
    addr: Atomic<*mut c_void>,
}

// SAFETY: Device registers can be accessed from any thread.
unsafe impl Send for IoMem {}

// SAFETY: As above; the mapping is published atomically.
unsafe impl Sync for IoMem {}

impl IoMem {
    /// Describes the range of `size` bytes from the physical address `start`. Nothing is mapped.
    ///
    /// # Safety
    ///
    /// The range must be a resource of a device, and belong to the caller for as long as the object
    /// is used.
    pub(super) unsafe fn new(start: u64, size: u64) -> Self {
        let aligned = (start | size) & PAGE_OFFSET_MASK == 0;

        // INVARIANT: There is no mapping.
        Self {
            start,
            size,
            pages: if aligned { size >> PAGE_SHIFT } else { 0 },
            addr: Atomic::new(core::ptr::null_mut()),
        }
    }

    /// Returns the registers, ready for access. The first call may sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM` if they can't be mapped.
    #[inline(always)]
    pub(crate) fn mapped(&self) -> Result<Registers<'_>> {
        // SAFETY: The address is published by one store, and read by one load. What is accessed with
        // it depends on it, which orders the two.
        let mut addr = unsafe { self.addr.as_ptr().read_volatile() };
        if addr.is_null() {
            addr = self.map()?;
        }

        // INVARIANT: By the type invariants of `IoMem`, the range was mapped at `addr`.
        Ok(Registers { addr, range: self })
    }

    /// Returns whether the range consists of pages of its own.
    pub(crate) fn has_pages(&self) -> bool {
        self.pages != 0
    }

    /// Returns the page frame number of page `page` of the range, if `count` pages are there.
    #[inline]
    pub(super) fn pfn(&self, page: u64, count: u64) -> Option<usize> {
        if page.checked_add(count)? > self.pages {
            return None;
        }

        usize::try_from((self.start >> PAGE_SHIFT).checked_add(page)?).ok()
    }

    #[cold]
    fn map(&self) -> Result<*mut c_void> {
        // SAFETY: By the safety requirements of `new`, the range is a resource of a device.
        let addr = unsafe { bindings::ioremap(self.start, usize::try_from(self.size)?) };
        if addr.is_null() {
            return Err(ENOMEM);
        }

        // INVARIANT: The range was mapped above.
        match self.addr.cmpxchg(core::ptr::null_mut(), addr, Full) {
            Ok(_) => Ok(addr),
            Err(other) => {
                // SAFETY: The mapping was made above, and somebody else's was published before.
                unsafe { bindings::iounmap(addr) };
                Ok(other)
            }
        }
    }
}

impl Drop for IoMem {
    fn drop(&mut self) {
        let addr = self.addr.load(Acquire);
        if !addr.is_null() {
            // SAFETY: By the type invariants, the mapping is this object's own.
            unsafe { bindings::iounmap(addr) };
        }
    }
}

/// The registers of an [`IoMem`], mapped.
///
/// # Invariants
///
/// `addr` is the address of the mapping of `range`.
pub(crate) struct Registers<'a> {
    addr: *mut c_void,
    range: &'a IoMem,
}

impl Registers<'_> {
    /// Returns the address of the register of `len` bytes at `offset`.
    #[inline(always)]
    fn register(&self, offset: u64, len: u64) -> Result<*mut c_void> {
        if offset
            .checked_add(len)
            .is_none_or(|end| end > self.range.size)
        {
            return Err(EINVAL);
        }

        Ok(self.addr.wrapping_byte_add(usize::try_from(offset)?))
    }
}

/// A range of I/O ports.
///
/// # Invariants
///
/// The architecture has I/O ports.
pub(crate) struct IoPort {
    start: u64,
    size: u64,
}

impl IoPort {
    /// Describes the range of `size` ports from `start`.
    ///
    /// # Errors
    ///
    /// `ENODEV` on an architecture without I/O ports.
    ///
    /// # Safety
    ///
    /// As for [`IoMem::new`].
    pub(super) unsafe fn new(start: u64, size: u64) -> Result<Self> {
        // SAFETY: The function has no requirements.
        if unsafe { bindings::overdrive_has_ioport() } {
            // INVARIANT: Checked above.
            Ok(Self { start, size })
        } else {
            Err(ENODEV)
        }
    }

    fn register(&self, offset: u64, len: u64) -> Result<usize> {
        if offset.checked_add(len).is_none_or(|end| end > self.size) {
            return Err(EINVAL);
        }

        let port = self.start.checked_add(offset).ok_or(EINVAL)?;
        Ok(usize::try_from(port)?)
    }
}

/// A register that was found to be there, all of the bytes of a `T`.
///
/// # Invariants
///
/// `address` is that of a `T` within a range of registers, which stays for `'a`.
pub(crate) struct Register<'a, A, T> {
    address: A,
    _range: PhantomData<(&'a (), T)>,
}

/// Registers that can be accessed as a `T` at once.
pub(crate) trait Io<T> {
    /// Where a register is.
    type Address: Copy;

    /// Finds the register at `offset`, which must be a multiple of the size of `T`.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the register is not within the region.
    fn at(&self, offset: u64) -> Result<Register<'_, Self::Address, T>>;

    /// Reads a register.
    fn load(register: Register<'_, Self::Address, T>) -> T;

    /// Writes a register.
    fn store(register: Register<'_, Self::Address, T>, value: T);

    /// Reads the register at `offset`, with the limits of [`at`](Self::at).
    fn read(&self, offset: u64) -> Result<T> {
        self.at(offset).map(Self::load)
    }

    /// Writes the register at `offset`, with the same limits.
    fn write(&self, offset: u64, value: T) -> Result {
        self.at(offset).map(|register| Self::store(register, value))
    }
}

macro_rules! impl_io {
    ($io:ty, $address:ty: $($type:ty, $len:literal, $read:ident, $write:ident;)*) => {$(
        impl Io<$type> for $io {
            type Address = $address;

            #[inline(always)]
            fn at(&self, offset: u64) -> Result<Register<'_, $address, $type>> {
                // INVARIANT: That is what was checked.
                Ok(Register {
                    address: self.register(offset, $len)?,
                    _range: PhantomData,
                })
            }

            #[inline(always)]
            fn load(register: Register<'_, $address, $type>) -> $type {
                // SAFETY: By the type invariants.
                unsafe { bindings::$read(register.address) }
            }

            #[inline(always)]
            fn store(register: Register<'_, $address, $type>, value: $type) {
                // SAFETY: By the type invariants.
                unsafe { bindings::$write(value, register.address) };
            }
        }
    )*};
}

impl_io! {
    Registers<'_>, *mut c_void:
    u8, 1, overdrive_readb, overdrive_writeb;
    u16, 2, overdrive_readw, overdrive_writew;
    u32, 4, overdrive_readl, overdrive_writel;
}

#[cfg(CONFIG_64BIT)]
impl_io! {
    Registers<'_>, *mut c_void:
    u64, 8, overdrive_readq, overdrive_writeq;
}

impl_io! {
    IoPort, usize:
    u8, 1, overdrive_inb, overdrive_outb;
    u16, 2, overdrive_inw, overdrive_outw;
    u32, 4, overdrive_inl, overdrive_outl;
}
