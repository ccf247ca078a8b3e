// SPDX-License-Identifier: GPL-2.0

//! Survives accesses to mappings whose device is gone.

use std::{io, ptr};

use crate::mapping::PAGE;

/// From now on, a page whose access ends with SIGBUS becomes one of zeroes.
pub fn survive() -> io::Result<()> {
    // SAFETY: An empty action is a valid one, and the handler calls nothing but mmap.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO;
        if libc::sigaction(libc::SIGBUS, &raw const action, ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

extern "C" fn handler(_signal: i32, info: *mut libc::siginfo_t, _context: *mut libc::c_void) {
    // SAFETY: For SIGBUS, the kernel says at which address. The page there belongs to a mapping of
    // this process, and nothing but zeroes can be read from it any more.
    unsafe {
        let page = (*info).si_addr() as usize & !(PAGE - 1);
        libc::mmap(
            page as _,
            PAGE,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED,
            -1,
            0,
        );
    }
}
