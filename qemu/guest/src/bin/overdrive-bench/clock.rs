// SPDX-License-Identifier: GPL-2.0

//! The instruction counter.

/// Instructions that the guest has executed, in kernel and userspace together.
///
/// Under `-icount shift=0` one instruction takes one nanosecond of the guest's time, and that is
/// also what its time stamp counter counts.
pub fn instructions() -> u64 {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: Every x86-64 processor has the instruction, and it touches no memory.
    unsafe {
        core::arch::x86_64::_rdtsc()
    }

    #[cfg(target_arch = "aarch64")]
    {
        let (ticks, hz): (u64, u64);
        // SAFETY: Linux lets userspace read both registers, and reading them changes nothing.
        unsafe {
            core::arch::asm!("isb", "mrs {}, cntvct_el0", out(reg) ticks);
            core::arch::asm!("mrs {}, cntfrq_el0", out(reg) hz);
        }
        ticks * (1_000_000_000 / hz)
    }
}

/// Instructions that this thread has executed: what `instructions` counts, without the time in which
/// the thread slept.
pub fn own_instructions() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };

    // SAFETY: The kernel writes to a structure that is there.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    // The call can't fail, and neither part is negative.
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
