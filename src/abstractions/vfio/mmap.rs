// SPDX-License-Identifier: GPL-2.0

//! Device memory in a user's address space: a few pages are entered at once, more of them as they are
//! touched.
//!
//! C header: [`include/linux/mm.h`](srctree/include/linux/mm.h)

use super::{
    prefault::Prefault,
    Device,
    Opened,
    Operations,
    Registered, //
};
use crate::{
    abstractions::io::IoMem,
    bindings, //
};
use core::marker::PhantomData;
use kernel::{
    mm::virt::VmaNew,
    page::{
        PAGE_SHIFT,
        PAGE_SIZE, //
    },
    prelude::*, //
};

/// How many pages are entered when an area is set up, at most. A larger area may have room for huge
/// pages, and parts that nobody ever touches.
const PREFAULT_PAGES: usize = 16;

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
    /// The position in the device's file, in pages, of the first of the pages to enter.
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

    /// Enters the page number `page` of `mem`, or as many from there on as the processor enters at a
    /// time if `mem` has them and its address is aligned alike.
    pub(crate) fn insert(&mut self, mem: &IoMem, page: u64) {
        let Some(pfn) = mem.pfn(page, 1 << self.order) else {
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

    /// The address of the first of the pages to enter.
    fn address(&self) -> usize {
        // SAFETY: As in `page_offset`.
        let address = unsafe { (*self.vmf).__bindgen_anon_1.address };

        address & !(self.len() - 1)
    }

    fn len(&self) -> usize {
        PAGE_SIZE << self.order
    }

    /// Whether all the pages to enter are within the area.
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
        map_pages: Some(Self::map_pages_callback),
        ..pin_init::zeroed()
    };

    extern "C" fn fault_callback(vmf: *mut bindings::vm_fault) -> bindings::vm_fault_t {
        Self::huge_fault_callback(vmf, 0)
    }

    /// Enters nothing. Only for areas that have this callback does the kernel call `fault` under
    /// the area's own lock, which is all that it needs; for others, it takes every fault twice, the
    /// second time under the lock of the whole address space.
    extern "C" fn map_pages_callback(
        _vmf: *mut bindings::vm_fault,
        _start: c_ulong,
        _end: c_ulong,
    ) -> bindings::vm_fault_t {
        0
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

impl<T: FaultHandler> Device<T, Opened> {
    /// The position in the device's file, in pages, at which `vma` begins.
    pub(crate) fn page_offset(vma: &VmaNew) -> u64 {
        // SAFETY: `VmaNew` guarantees that the area is being set up by the caller.
        unsafe { (*vma.as_ptr()).vm_pgoff as u64 }
    }

    /// Makes `vma` an area of device memory: of `mem`, from its page number `page` on. If it is small,
    /// its pages are entered at once, unless `prefault` is stopped; else, and after
    /// [`unmap_all`](Device::unmap_all), by the driver's [`FaultHandler`].
    ///
    /// # Errors
    ///
    /// `EINVAL` if there are not that many pages, or if the area is private, as a copy of device
    /// memory makes no sense.
    #[inline(always)]
    pub(crate) fn map(&self, vma: &VmaNew, mem: &IoMem, page: u64, prefault: &Prefault) -> Result {
        if vma.flags() & kernel::mm::virt::flags::SHARED == 0 {
            return Err(EINVAL);
        }

        let pages = (vma.end() - vma.start()) >> PAGE_SHIFT;
        let pfn = mem.pfn(page, pages as u64).ok_or(EINVAL)?;
        let raw = vma.as_ptr();

        // SAFETY: `VmaNew` guarantees that the area is being set up by the caller. The device and
        // the operations outlive it: see `huge_fault_callback`.
        unsafe {
            (*raw).vm_private_data = core::ptr::from_ref(self).cast_mut().cast();
            (*raw).vm_ops = VmOps::<T>::OPS;
        }

        if pages <= PREFAULT_PAGES
            && prefault.may_enter(vma.mm())
            // SAFETY: As above. `IoMem::pfn` has found as many pages as the area has, in a range that
            // by the safety requirements of `IoMem::new` is a device's, and none of the kernel's
            // memory.
            && unsafe { bindings::overdrive_vma_enter_device_memory(raw, pfn) } == 0
        {
            return Ok(());
        }

        // If they can't be entered now, a fault may have more luck.
        //
        // SAFETY: As above.
        unsafe { bindings::overdrive_vma_set_device_memory(raw) };
        Ok(())
    }
}

impl<T: Operations> Device<T, Registered> {
    /// Removes every page of the device from all address spaces, but for areas that are being set up:
    /// see [`Prefault`]. The next access faults.
    pub(crate) fn unmap_all(&self) {
        // SAFETY: The inode belongs to the device; all its files use the inode's mapping.
        unsafe {
            let mapping = (*(*self.as_raw()).inode).i_mapping;
            bindings::unmap_mapping_range(mapping, 0, 0, 1);
        }
    }
}
