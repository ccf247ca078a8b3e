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
    device::Bound,
    pci,
    prelude::*, //
};

/// A function that is kept off the bus: it decodes accesses to its memory, and can't make any
/// itself. Dropping it brings the command register back to what the user had there.
///
/// # Invariants
///
/// The `memory_lock` of the device is held for writing, and `command` is the user's value of the
/// command register.
pub(crate) struct Quiesced<'a> {
    core: *mut bindings::vfio_pci_core_device,
    pdev: &'a pci::Device<Bound>,
    command: u16,
}

impl<V: Variant> Enabled<'_, V> {
    /// Switches the function's bus mastering off, and its memory decoding on.
    ///
    /// Changes of the command register by the user wait until the result is dropped, and so do page
    /// faults on mappings of the function's memory. Memory that is mapped can be accessed further.
    ///
    /// # Errors
    ///
    /// `EIO` if the function is in a low power state, or has left the bus.
    pub(crate) fn quiesce(&self) -> Result<Quiesced<'_>> {
        let core = self.as_core();

        // SAFETY: `core` is a valid device, the lock of which was initialised with it.
        unsafe { bindings::down_write(&raw mut (*core).memory_lock) };

        // INVARIANT: The lock was taken; the register is read before it is changed.
        let mut quiesced = Quiesced {
            core,
            pdev: self.pdev(),
            command: 0,
        };

        match quiesced.read_command() {
            // All bits are set if nobody answers. Then there is nothing to bring back.
            Ok(u16::MAX) | Err(_) => {
                quiesced.command = u16::MAX;
                return Err(EIO);
            }
            Ok(command) => quiesced.command = command,
        }

        // SAFETY: The PCI device is valid.
        if unsafe { (*quiesced.as_pdev()).current_state } >= D3HOT {
            return Err(EIO);
        }

        quiesced.write_command(quiesced.command & !MASTER | MEMORY);

        Ok(quiesced)
    }
}

const MASTER: u16 = bindings::PCI_COMMAND_MASTER as u16;
const MEMORY: u16 = bindings::PCI_COMMAND_MEMORY as u16;
/// `PCI_D3hot` is a macro with a type cast.
const D3HOT: c_int = 3;
const COMMAND: c_int = bindings::PCI_COMMAND as c_int;

impl Quiesced<'_> {
    fn as_pdev(&self) -> *mut bindings::pci_dev {
        // `pci::Device` is a transparent wrapper of `struct pci_dev`.
        core::ptr::from_ref(self.pdev).cast_mut().cast()
    }

    fn read_command(&self) -> Result<u16> {
        let mut value = 0;

        // SAFETY: The PCI device is valid, and `value` can be written.
        kernel::error::to_result(unsafe {
            bindings::pci_read_config_word(self.as_pdev(), COMMAND, &raw mut value)
        })?;

        Ok(value)
    }

    fn write_command(&self, value: u16) {
        // An error means that the device has left the bus: nothing can be done about it.
        // SAFETY: The PCI device is valid.
        let _ = unsafe { bindings::pci_write_config_word(self.as_pdev(), COMMAND, value) };
    }

    /// Returns the registers behind the base address register `index`.
    ///
    /// # Errors
    ///
    /// `ENODEV` if there are none, or none in memory.
    pub(crate) fn bar(&self, index: usize) -> Result<Bar<'_>> {
        // SAFETY: The device is enabled: the mappings of all its BARs were made, and remain.
        let (addr, flags) = unsafe {
            let (core, pdev) = (&*self.core, &*self.as_pdev());

            (
                core.barmap.get(index).copied(),
                pdev.resource.get(index).map(|r| r.flags),
            )
        };
        let addr = NonNull::new(addr.ok_or(ENODEV)?).ok_or(ENODEV)?;
        let addr = kernel::error::from_err_ptr(addr.as_ptr())?;

        if flags.is_none_or(|flags| flags & bindings::IORESOURCE_MEM as c_ulong == 0) {
            return Err(ENODEV);
        }

        let index = c_int::try_from(index).map_err(|_| ENODEV)?;
        // SAFETY: The PCI device is valid, and so is the index.
        let len = unsafe { bindings::pci_resource_len(self.as_pdev(), index) };

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
        if self.command != u16::MAX {
            self.write_command(self.command);
        }

        // SAFETY: By the type invariants, the lock is held.
        unsafe { bindings::up_write(&raw mut (*self.core).memory_lock) };
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

        // SAFETY: The range is within the mapping, by the type invariants.
        Ok(unsafe { self.addr.byte_add(offset) })
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
