// SPDX-License-Identifier: GPL-2.0

//! Ranges of a device's registers.
//!
//! C header: [`include/linux/ioport.h`](srctree/include/linux/ioport.h)

use super::io::{
    IoMem,
    IoPort, //
};
use kernel::{
    bindings,
    prelude::*, //
};

/// A range of a device's registers.
pub(crate) struct Resource {
    pub(crate) size: u64,
    /// Writing has no effect, or a bad one.
    pub(crate) read_only: bool,
    pub(crate) io: ResourceIo,
}

/// How the registers are accessed.
pub(crate) enum ResourceIo {
    Mem(IoMem),
    Port(IoPort),
    /// Not at all: it is neither memory nor ports, or the architecture has no ports.
    None,
}

impl Resource {
    /// # Safety
    ///
    /// `resource` must be valid, and one of a device that is bound to a driver of this module.
    pub(super) unsafe fn from_raw(resource: *const bindings::resource) -> Self {
        // SAFETY: By the safety requirements. The resources of a device do not change while it is
        // bound.
        let (start, end, flags) =
            unsafe { ((*resource).start, (*resource).end, (*resource).flags) };
        // As in C, the size of the whole address space is 0.
        let size = end.wrapping_sub(start).wrapping_add(1);

        Self {
            size,
            read_only: flags & bindings::IORESOURCE_READONLY as c_ulong != 0,
            io: match u32::try_from(flags & bindings::IORESOURCE_TYPE_BITS as c_ulong) {
                // SAFETY: It is a resource of the device, which the driver is bound to.
                Ok(bindings::IORESOURCE_MEM) => ResourceIo::Mem(unsafe { IoMem::new(start, size) }),
                Ok(bindings::IORESOURCE_IO) => {
                    // SAFETY: As above.
                    unsafe { IoPort::new(start, size) }.map_or(ResourceIo::None, ResourceIo::Port)
                }
                _ => ResourceIo::None,
            },
        }
    }
}
