// SPDX-License-Identifier: GPL-2.0

//! Access to a function's registers while the function is kept from accessing memory.

use super::{
    Enabled,
    Variant, //
};
use crate::bindings;
use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    error::from_err_ptr,
    prelude::*, //
};

/// A function that is kept off the bus: it decodes accesses to its memory, and can't make any
/// itself. Dropping it brings both back to what the user had.
///
/// # Invariants
///
/// `igate` and `memory_lock` of the device are held, in this order and the latter for writing. If the
/// command register was changed, `restore` are the bits of [`CHANGED`] that the user had set in it.
pub(crate) struct Quiesced<'a> {
    core: *mut bindings::vfio_pci_core_device,
    restore: Option<u16>,
    _enabled: PhantomData<&'a ()>,
}

const MASTER: u16 = bindings::PCI_COMMAND_MASTER as u16;
const MEMORY: u16 = bindings::PCI_COMMAND_MEMORY as u16;

/// The bits of the command register that change. `INTX_DISABLE`, which is in the same register, does
/// under other locks: when an interrupt comes, or is unmasked by an eventfd.
const CHANGED: u16 = MASTER | MEMORY;

/// `PCI_D3hot` is a macro with a type cast.
const D3HOT: c_int = 3;

impl<V: Variant> Enabled<'_, V> {
    /// Switches the function's bus mastering off, and its memory decoding on.
    ///
    /// Until the result is dropped, changes of the command register and of interrupts by the user
    /// wait, and so do page faults on mappings of the function's memory. Memory that is mapped can be
    /// accessed further.
    ///
    /// # Errors
    ///
    /// `EIO` if the function is in a low power state, or has left the bus.
    pub(crate) fn quiesce(&self) -> Result<Quiesced<'_>> {
        let core = self.as_core();

        // SAFETY: `core` is a valid device, the locks of which were initialised with it. The order is
        // the one of `vfio-pci-core`, which enables MSI that way.
        unsafe {
            bindings::mutex_lock(&raw mut (*core).igate);
            bindings::down_write(&raw mut (*core).memory_lock);
        }

        // INVARIANT: The locks were taken; nothing has been changed.
        let mut quiesced = Quiesced {
            core,
            restore: None,
            _enabled: PhantomData,
        };

        // SAFETY: The PCI device is valid, and the state only changes with `memory_lock` held.
        if unsafe { (*(*core).pdev).current_state } >= D3HOT {
            return Err(EIO);
        }
        match quiesced.change_command(MASTER, MEMORY) {
            // All bits are set if nobody answers. Then there is nothing to bring back.
            None | Some(u16::MAX) => Err(EIO),
            Some(before) => {
                // INVARIANT: That is what the user had.
                quiesced.restore = Some(before & CHANGED);
                Ok(quiesced)
            }
        }
    }
}

impl Quiesced<'_> {
    /// Clears and sets bits of the command register; returns what it was, if the device answers.
    fn change_command(&self, clear: u16, set: u16) -> Option<u16> {
        // SAFETY: The device is valid.
        let before = unsafe { bindings::overdrive_vfio_pci_change_command(self.core, clear, set) };

        u16::try_from(before).ok()
    }

    /// Returns the registers behind the base address register `index`.
    ///
    /// # Errors
    ///
    /// `ENODEV` if there are none, or none in memory.
    pub(crate) fn bar(&self, index: u8) -> Result<Bar<'_>> {
        if u32::from(index) >= bindings::PCI_STD_NUM_BARS {
            return Err(ENODEV);
        }

        // SAFETY: The device is enabled: the mappings of all its BARs were made, and remain, and its
        // resources do not change. There are as many of both.
        let (addr, flags, len) = unsafe {
            let pdev = (*self.core).pdev;
            let resource = (&raw const (*pdev).resource)
                .cast::<bindings::resource>()
                .add(index.into());
            let addr = (&raw const (*self.core).barmap)
                .cast::<*mut c_void>()
                .add(index.into());

            (
                *addr,
                (*resource).flags,
                bindings::pci_resource_len(pdev, index.into()),
            )
        };
        let addr = from_err_ptr(NonNull::new(addr).ok_or(ENODEV)?.as_ptr())?;

        if flags & bindings::IORESOURCE_MEM as c_ulong == 0 {
            return Err(ENODEV);
        }

        // INVARIANT: `vfio-pci-core` maps BARs as a whole.
        Ok(Bar {
            addr,
            len: usize::try_from(len).map_err(|_| ENODEV)?,
            _quiesced: PhantomData,
        })
    }
}

impl Drop for Quiesced<'_> {
    fn drop(&mut self) {
        if let Some(restore) = self.restore {
            self.change_command(CHANGED & !restore, restore);
        }

        // SAFETY: By the type invariants, the locks are held.
        unsafe {
            bindings::up_write(&raw mut (*self.core).memory_lock);
            bindings::mutex_unlock(&raw mut (*self.core).igate);
        }
    }
}

/// The registers behind a base address register.
///
/// # Invariants
///
/// `addr` is the address of `len` bytes of mapped device memory.
pub(crate) struct Bar<'a> {
    addr: *mut c_void,
    len: usize,
    _quiesced: PhantomData<&'a ()>,
}

impl Bar<'_> {
    fn register(&self, offset: usize) -> Result<*mut c_void> {
        let end = offset.checked_add(4).ok_or(EINVAL)?;

        if end > self.len || offset % 4 != 0 {
            return Err(EINVAL);
        }

        Ok(self.addr.wrapping_byte_add(offset))
    }

    /// Reads the 4-byte register at `offset`.
    ///
    /// # Errors
    ///
    /// `EINVAL` if there is no such register.
    pub(crate) fn read32(&self, offset: usize) -> Result<u32> {
        let addr = self.register(offset)?;

        // SAFETY: `addr` is that of a mapped register.
        Ok(unsafe { bindings::readl(addr) })
    }

    /// Writes the 4-byte register at `offset`.
    ///
    /// # Errors
    ///
    /// As [`Bar::read32`].
    pub(crate) fn write32(&self, value: u32, offset: usize) -> Result {
        let addr = self.register(offset)?;

        // SAFETY: `addr` is that of a mapped register.
        unsafe { bindings::writel(value, addr) };
        Ok(())
    }
}
