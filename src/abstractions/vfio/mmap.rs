// SPDX-License-Identifier: GPL-2.0

//! Device memory in a user's address space, entered as it is touched.
//!
//! C header: [`include/linux/mm.h`](srctree/include/linux/mm.h)

use super::{
    Device,
    Opened,
    Operations,
    Registered, //
};
use crate::{
    abstractions::io::RegisterRange,
    bindings, //
};
use core::marker::PhantomData;
use kernel::{
    mm::virt::{
        flags,
        vm_flags_t,
        VmaNew, //
    },
    page::{
        PAGE_SHIFT,
        PAGE_SIZE, //
    },
    prelude::*, //
};

/// A driver that maps device memory.
pub(crate) trait FaultHandler: Operations {
    /// Enters the page that `fault` is about by [`Fault::insert`]; without it, the access ends with
    /// `SIGBUS`.
    fn fault(device: &Device<Self, Opened>, fault: &mut Fault<'_>);
}

/// An access to a page that is not there yet.
pub(crate) struct Fault<'a> {
    vmf: *mut bindings::vm_fault,
    order: c_uint,
    result: bindings::vm_fault_t,
    _vmf: PhantomData<&'a mut bindings::vm_fault>,
}

impl Fault<'_> {
    /// Returns the position in the device's file, in pages, of the first of the pages to enter.
    pub(crate) fn page_offset(&self) -> u64 {
        // SAFETY: The caller of `fault` guarantees that `vmf` and its `vma` are valid, and that the
        // area does not change meanwhile.
        let (start, pgoff) = unsafe {
            let vma = (*self.vmf).__bindgen_anon_1.vma;
            (
                (*vma).__bindgen_anon_1.__bindgen_anon_1.vm_start,
                (*vma).vm_pgoff,
            )
        };
        let pages = self.address().wrapping_sub(start) >> PAGE_SHIFT;

        pgoff.wrapping_add(pages) as u64
    }

    /// Enters the page number `page` of `range`, or as many from there on as the processor enters at a
    /// time if `range` has them and its address is aligned alike.
    pub(crate) fn insert(&mut self, range: &RegisterRange, page: u64) {
        let Some(pfn) = range.pfn(page, 1 << self.order) else {
            return;
        };

        self.result = if pfn & ((1 << self.order) - 1) == 0 {
            // SAFETY: The page table entry that is missing is the one that `vmf` is about; the area
            // was set up for device memory by `map`. The memory is the device's, which outlives the
            // area.
            unsafe { bindings::overdrive_vmf_insert_pfn(self.vmf, pfn, self.order) }
        } else {
            bindings::vm_fault_reason_VM_FAULT_FALLBACK
        };
    }

    /// Returns the address of the first of the pages to enter.
    fn address(&self) -> usize {
        // SAFETY: As in `page_offset`.
        let address = unsafe { (*self.vmf).__bindgen_anon_1.address };

        address & !(self.len() - 1)
    }

    fn len(&self) -> usize {
        PAGE_SIZE << self.order
    }

    /// Returns `true` if all the pages to enter are within the area.
    fn is_within_area(&self) -> bool {
        // SAFETY: As in `page_offset`.
        let (start, end) = unsafe {
            let vma = (*self.vmf).__bindgen_anon_1.vma;
            let range = (*vma).__bindgen_anon_1.__bindgen_anon_1;
            (range.vm_start, range.vm_end)
        };

        let address = self.address();
        address >= start
            && end
                .checked_sub(address)
                .is_some_and(|rest| rest >= self.len())
    }
}

struct VmOps<T: FaultHandler>(PhantomData<T>);

impl<T: FaultHandler> VmOps<T> {
    const OPS: &'static bindings::vm_operations_struct = &bindings::vm_operations_struct {
        fault: Some(Self::fault_callback),
        huge_fault: Some(Self::huge_fault_callback),
        ..pin_init::zeroed()
    };

    extern "C" fn fault_callback(vmf: *mut bindings::vm_fault) -> bindings::vm_fault_t {
        Self::huge_fault_callback(vmf, 0)
    }

    extern "C" fn huge_fault_callback(
        vmf: *mut bindings::vm_fault,
        order: c_uint,
    ) -> bindings::vm_fault_t {
        // SAFETY: `map` put the device there. The area holds a reference of the file, so that the
        // device remains open.
        let device = unsafe {
            let vma = (*vmf).__bindgen_anon_1.vma;
            &*(*vma).vm_private_data.cast::<Device<T, Opened>>()
        };
        let mut fault = Fault {
            vmf,
            order,
            result: bindings::vm_fault_reason_VM_FAULT_SIGBUS,
            _vmf: PhantomData,
        };

        if !fault.is_within_area() {
            return bindings::vm_fault_reason_VM_FAULT_FALLBACK;
        }

        T::fault(device, &mut fault);
        fault.result
    }
}

/// Returns `true` if an area with these flags is shared, and was not made an area of something already:
/// to enter pages there is a `BUG_ON` in the kernel.
fn can_be_device_memory(area: vm_flags_t) -> bool {
    const MADE: vm_flags_t = flags::IO | flags::PFNMAP | flags::MIXEDMAP;

    area & flags::SHARED != 0 && area & MADE == 0
}

impl<T: FaultHandler> Device<T, Opened> {
    /// Returns the position in the device's file, in pages, at which `vma` begins.
    pub(crate) fn page_offset(vma: &VmaNew) -> u64 {
        // SAFETY: `VmaNew` guarantees that the area is being set up by the caller.
        unsafe { (*vma.as_ptr()).vm_pgoff as u64 }
    }

    /// Makes `vma` an area of device memory: of `range`, from its page number `page` on. Pages are
    /// entered by the driver's [`FaultHandler`].
    ///
    /// # Errors
    ///
    /// `EINVAL` if there are not that many pages; if the area is private, as a copy of device memory
    /// makes no sense; or if it was made an area of something already.
    pub(crate) fn map(&self, vma: &VmaNew, range: &RegisterRange, page: u64) -> Result {
        if !can_be_device_memory(vma.flags()) {
            return Err(EINVAL);
        }

        let pages = (vma.end() - vma.start()) >> PAGE_SHIFT;
        range.pfn(page, pages as u64).ok_or(EINVAL)?;
        let raw = vma.as_ptr();

        // SAFETY: `VmaNew` guarantees that the area is being set up by the caller, and has no pages.
        // The device and the operations outlive it: see `huge_fault_callback`.
        unsafe {
            (*raw).vm_private_data = core::ptr::from_ref(self).cast_mut().cast();
            (*raw).vm_ops = VmOps::<T>::OPS;
            bindings::overdrive_vma_set_device_memory(raw);
        }
        Ok(())
    }
}

impl<T: Operations> Device<T, Registered> {
    /// Removes every page of the device from all address spaces. The next access faults.
    ///
    /// A fault that is being served is not waited for: who wants no page to be entered any more holds
    /// what [`FaultHandler::fault`] has to take.
    pub(crate) fn unmap_all(&self) {
        // SAFETY: The inode belongs to the device; all its files use the inode's mapping.
        unsafe {
            let mapping = (*(*self.as_raw()).inode).i_mapping;
            bindings::unmap_mapping_range(mapping, 0, 0, 1);
        }
    }
}

#[kunit_tests(overdrive_vfio_mmap)]
mod tests {
    use super::*;

    #[test]
    fn area_becomes_device_memory_once_and_only_if_it_is_shared() {
        let shared = flags::SHARED | flags::READ | flags::WRITE;

        assert!(can_be_device_memory(shared));
        assert!(!can_be_device_memory(flags::READ));
        assert!(!can_be_device_memory(shared | flags::MIXEDMAP));
        assert!(!can_be_device_memory(shared | flags::PFNMAP));
        assert!(!can_be_device_memory(shared | flags::IO));
    }
}
