// SPDX-License-Identifier: GPL-2.0

//! Pages of a device that are entered when an area is set up, before anybody touches them.
//!
//! For a few pages that costs less than one fault. But an area that is being set up is not yet where
//! `unmap_mapping_range()` finds it. Whoever takes all mappings of a device away therefore
//! [stops](Prefault::stop) the entering first: that waits until each area in which pages were entered
//! can be found, as setting one up happens under the lock of its address space.
//!
//! C header: [`include/linux/mm.h`](srctree/include/linux/mm.h)

use kernel::{
    mm::{
        Mm,
        MmWithUser, //
    },
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed,
            Release, //
        },
        new_spinlock,
        SpinLock, //
    }, //
};

/// Whether pages may be entered when an area is set up, and whose areas these are.
#[pin_data]
pub(crate) struct Prefault {
    /// The address of `State::mm`, or 0 while it is stopped. Changed under the lock.
    allowed: Atomic<usize>,
    #[pin]
    state: SpinLock<State>,
}

struct State {
    /// How many there are who have stopped it.
    stopped: usize,
    /// The only address space in which it happens, until [`Prefault::forget`].
    mm: Option<ARef<Mm>>,
}

impl Prefault {
    /// Nothing stops it.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            allowed: Atomic::new(0),
            state <- new_spinlock!(State {
                stopped: 0,
                mm: None,
            }),
        })
    }

    /// Returns whether pages may be entered in an area of `mm` that the caller is setting up, for as
    /// long as it does that.
    #[inline(always)]
    pub(super) fn may_enter(&self, mm: &Mm) -> bool {
        // SAFETY: The address is changed by stores, and read by one load. What is entered depends on
        // it, and so comes after what was done while it was stopped.
        let allowed = unsafe { self.allowed.as_ptr().read_volatile() };

        // Whoever stops it afterwards waits for the lock that the caller has. If somebody has done
        // that before, the lock orders the two.
        allowed == mm.as_raw().addr() || self.begin(mm)
    }

    /// Makes `mm` the address space, if there is none.
    #[cold]
    #[inline(never)]
    fn begin(&self, mm: &Mm) -> bool {
        let mut state = self.state.lock();

        if state.stopped != 0 || state.mm.is_some() {
            return false;
        }
        state.mm = Some(mm.into());
        self.allowed.store(mm.as_raw().addr(), Relaxed);
        true
    }

    /// Stops it until the result is dropped; every area in which pages were entered until then can be
    /// found when this returns.
    ///
    /// Sleeps, with the lock of an address space: the caller must hold nothing that a page fault
    /// takes.
    pub(crate) fn stop(&self) -> Stopped<'_> {
        let mm = {
            let mut state = self.state.lock();

            state.stopped += 1;
            self.allowed.store(0, Relaxed);
            state.mm.clone()
        };

        // Nobody sets up areas in an address space without users.
        if let Some(mm) = mm.and_then(|mm| mm.mmget_not_zero()) {
            // If this is the last one, the rest is not for this thread to take down.
            let mm = MmWithUser::into_mmput_async(mm);

            drop(mm.mmap_read_lock());
        }

        Stopped(self)
    }

    /// Forgets whose areas these were: there are none any more.
    pub(crate) fn forget(&self) {
        let mm = {
            let mut state = self.state.lock();

            self.allowed.store(0, Relaxed);
            state.mm.take()
        };

        // Not under the lock: it may sleep.
        drop(mm);
    }
}

/// No pages are entered in areas that are being set up.
pub(crate) struct Stopped<'a>(&'a Prefault);

impl Stopped<'_> {
    /// Leaves it so for good.
    pub(crate) fn for_good(self) {
        core::mem::forget(self);
    }
}

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();

        state.stopped -= 1;
        if let (0, Some(mm)) = (state.stopped, &state.mm) {
            self.0.allowed.store(mm.as_raw().addr(), Release);
        }
    }
}

#[kunit_tests(overdrive_prefault)]
mod tests {
    use super::*;
    use crate::bindings;
    use kernel::{
        bindings::kunit_attach_mm,
        impl_has_work, new_work,
        sync::{
            Arc,
            Completion, //
        },
        time::{
            delay::fsleep,
            Delta, //
        },
        workqueue::{
            self,
            Work,
            WorkItem, //
        },
    };

    /// Somebody who stops it, in a thread of their own.
    #[pin_data]
    struct Stopper {
        #[pin]
        prefault: Prefault,
        has_stopped: Atomic<bool>,
        #[pin]
        is_over: Completion,
        #[pin]
        work: Work<Stopper>,
    }

    impl_has_work! {
        impl HasWork<Self> for Stopper { self.work }
    }

    impl Stopper {
        fn new() -> Result<Arc<Self>> {
            Arc::pin_init(
                pin_init!(Self {
                    prefault <- Prefault::new(),
                    has_stopped: Atomic::new(false),
                    is_over <- Completion::new(),
                    work <- new_work!("overdrive_prefault"),
                }),
                GFP_KERNEL,
            )
        }
    }

    impl WorkItem for Stopper {
        type Pointer = Arc<Self>;

        fn run(this: Arc<Self>) {
            let stopped = this.prefault.stop();
            this.has_stopped.store(true, Relaxed);
            drop(stopped);
            this.is_over.complete_all();
        }
    }

    /// Calls `f` with an address space, as somebody who sets up an area in it: with its lock.
    fn set_up<T>(f: impl FnOnce(&MmWithUser) -> T) -> Result<T> {
        // SAFETY: This is a test's thread.
        kernel::error::to_result(unsafe { kunit_attach_mm() })?;
        let task = kernel::current!();
        let mm = task.mm().ok_or(EINVAL)?;

        // SAFETY: The address space is the thread's, which does not have the lock.
        unsafe { bindings::down_write(&raw mut (*mm.as_raw()).__bindgen_anon_1.mmap_lock) };
        let result = f(mm);
        // SAFETY: The lock was taken above.
        unsafe { bindings::up_write(&raw mut (*mm.as_raw()).__bindgen_anon_1.mmap_lock) };
        Ok(result)
    }

    #[test]
    fn stopping_waits_for_areas_that_are_being_set_up() -> Result {
        let stopper = Stopper::new()?;

        set_up(|mm| {
            assert!(stopper.prefault.may_enter(mm));
            let _ = workqueue::system_unbound().enqueue(stopper.clone());
            fsleep(Delta::from_millis(50));
            assert!(!stopper.has_stopped.load(Relaxed));
            assert!(!stopper.prefault.may_enter(mm));
        })?;
        stopper.is_over.wait_for_completion();
        set_up(|mm| assert!(stopper.prefault.may_enter(mm)))?;

        stopper.prefault.forget();
        Ok(())
    }

    #[test]
    fn nothing_is_entered_until_all_who_stopped_it_are_done() -> Result {
        let stopper = Stopper::new()?;
        let prefault = &stopper.prefault;

        let (one, two) = (prefault.stop(), prefault.stop());
        set_up(|mm| assert!(!prefault.may_enter(mm)))?;
        drop(one);
        set_up(|mm| assert!(!prefault.may_enter(mm)))?;
        drop(two);
        set_up(|mm| assert!(prefault.may_enter(mm)))?;

        prefault.stop().for_good();
        set_up(|mm| assert!(!prefault.may_enter(mm)))?;
        prefault.forget();
        set_up(|mm| assert!(!prefault.may_enter(mm)))
    }
}
