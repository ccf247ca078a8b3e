// SPDX-License-Identifier: GPL-2.0

//! Pages of a device that are entered when an area is set up, before anybody touches them.
//!
//! For a few pages that costs less than one fault. But an area that is being set up is not yet where
//! `unmap_mapping_range()` finds it. Whoever takes all mappings of a device away therefore
//! [stops](Prefault::stop) the entering first, and [waits](Stopped::wait) until each area in which
//! pages were entered can be found: an area is set up under the lock of its address space.
//!
//! That lock is in the hands of userspace, which can make the wait a long one. What must not wait is
//! done before.
//!
//! C header: [`include/linux/mm.h`](srctree/include/linux/mm.h)

use crate::bindings;
use kernel::{
    error::to_result,
    mm::{
        Mm,
        MmWithUser,
        MmWithUserAsync, //
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
///
/// # Invariants
///
/// `allowed` is changed with `state` locked. Unless it is 0, it is the address of `state.mm`, and
/// `state.stopped` is 0.
#[pin_data]
pub(crate) struct Prefault {
    allowed: Atomic<usize>,
    #[pin]
    state: SpinLock<State>,
}

struct State {
    /// How many there are who have stopped it.
    stopped: usize,
    /// The only address space in which it happens, until [`Prefault::forget`] or until it has no
    /// users any more.
    mm: Option<ARef<Mm>>,
}

impl Prefault {
    /// Nothing stops it.
    pub(crate) fn new() -> impl PinInit<Self> {
        // INVARIANT: `allowed` is 0.
        pin_init!(Self {
            allowed: Atomic::new(0),
            state <- new_spinlock!(State {
                stopped: 0,
                mm: None,
            }),
        })
    }

    /// Returns whether pages may be entered in an area of `mm` that the caller is setting up, for as
    /// long as it does that: with the lock of `mm`, for writing.
    ///
    /// Whoever stops it afterwards waits for that lock. If somebody has done that before, the lock
    /// orders the two.
    #[inline(always)]
    pub(super) fn may_enter(&self, mm: &Mm) -> bool {
        // SAFETY: The address is valid and aligned, and read by one load, as every other access to it
        // is an atomic one. To load it relaxed would be a call of a function.
        //
        // Page table entries are written or not, depending on it: that orders them after the store
        // of `Stopped::drop`, and what was done before that.
        let allowed = unsafe { self.allowed.as_ptr().read_volatile() };

        allowed == mm.as_raw().addr() || self.begin(mm)
    }

    /// Makes `mm` the address space, if there is none that has users.
    #[cold]
    #[inline(never)]
    fn begin(&self, mm: &Mm) -> bool {
        let mut state = self.state.lock();

        if state.stopped != 0 || state.mm.as_deref().is_some_and(has_users) {
            return false;
        }
        let old = state.mm.replace(mm.into());
        // INVARIANT: It was not stopped.
        self.allowed.store(mm.as_raw().addr(), Relaxed);

        drop(state);
        // Not under the lock: it may sleep.
        drop(old);
        true
    }

    /// Stops it until the result is dropped. Areas that are being set up may still have pages
    /// entered: see [`Stopped::wait`].
    pub(crate) fn stop(&self) -> Stopped<'_> {
        let mut state = self.state.lock();

        state.stopped += 1;
        // INVARIANT: `allowed` is 0.
        self.allowed.store(0, Relaxed);

        Stopped(self)
    }

    /// Forgets whose areas these were. There must be none any more, as when the device was closed.
    pub(crate) fn forget(&self) {
        let mut state = self.state.lock();

        // INVARIANT: `allowed` is 0.
        self.allowed.store(0, Relaxed);
        let mm = state.mm.take();

        drop(state);
        // Not under the lock: it may sleep.
        drop(mm);
    }
}

fn has_users(mm: &Mm) -> bool {
    mm.mmget_not_zero()
        .map(MmWithUser::into_mmput_async)
        .is_some()
}

/// No pages are entered in areas that are being set up.
#[must_use = "dropping it allows entering pages again"]
pub(crate) struct Stopped<'a>(&'a Prefault);

impl Stopped<'_> {
    /// Waits until every area in which pages were entered can be found.
    ///
    /// Takes the lock of an address space for reading: the caller must hold nothing that is taken
    /// under that, as by page faults and `mmap()`.
    pub(crate) fn wait(&self) {
        if let Some(mm) = self.mm() {
            drop(mm.mmap_read_lock());
        }
    }

    /// Like [`wait`](Self::wait), unless the thread is to die.
    ///
    /// # Errors
    ///
    /// `EINTR` if it is.
    pub(crate) fn wait_killable(&self) -> Result {
        let Some(mm) = self.mm() else {
            return Ok(());
        };

        // SAFETY: By the type invariants of `MmWithUser`, `mm` holds a reference to an address space
        // that has users. What this thread has locked, it unlocks.
        unsafe {
            to_result(bindings::overdrive_mmap_read_lock_killable(mm.as_raw()))?;
            bindings::mmap_read_unlock(mm.as_raw());
        }
        Ok(())
    }

    /// The address space in which areas may be being set up: one that has users.
    fn mm(&self) -> Option<ARef<MmWithUserAsync>> {
        let mm = self.0.state.lock().mm.clone()?;

        // If this becomes the last user, the rest is not for this thread to take down.
        mm.mmget_not_zero().map(MmWithUser::into_mmput_async)
    }

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
            // INVARIANT: Nobody has stopped it any more.
            //
            // Release: pairs with `may_enter`.
            self.0.allowed.store(mm.as_raw().addr(), Release);
        }
    }
}

#[kunit_tests(overdrive_prefault)]
mod tests {
    use super::*;
    use kernel::{
        bindings::kunit_attach_mm,
        impl_has_work,
        new_work,
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
        }, //
    };

    /// Somebody who stops it, in a thread of their own.
    #[pin_data]
    struct Stopper {
        #[pin]
        prefault: Prefault,
        has_waited: Atomic<bool>,
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
                    has_waited: Atomic::new(false),
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
            stopped.wait();
            this.has_waited.store(true, Relaxed);
            drop(stopped);
            this.is_over.complete_all();
        }
    }

    /// Calls `f` with an address space, as somebody who sets up an area in it: with its lock. An
    /// assertion that fails there would end the thread with the lock.
    fn set_up<T>(f: impl FnOnce(&MmWithUser) -> T) -> Result<T> {
        // SAFETY: KUnit runs each case in a kernel thread of its own, which has no address space of
        // anybody else's.
        to_result(unsafe { kunit_attach_mm() })?;
        let task = kernel::current!();
        let mm = task.mm().ok_or(EINVAL)?;

        // SAFETY: The address space is the current thread's, which keeps it. Whatever of the thread
        // takes the lock gives it back before it returns: `wait`, and this function.
        unsafe { bindings::overdrive_mmap_write_lock(mm.as_raw()) };
        let result = f(mm);
        // SAFETY: The lock was taken above.
        unsafe { bindings::overdrive_mmap_write_unlock(mm.as_raw()) };
        Ok(result)
    }

    #[test]
    fn waits_for_areas_that_are_being_set_up() -> Result {
        let stopper = Stopper::new()?;

        let (before, during, has_waited) = set_up(|mm| {
            let before = stopper.prefault.may_enter(mm);
            let _ = workqueue::system_unbound().enqueue(stopper.clone());
            // Until the other thread has stopped it, and then for as long as it needs at most to get
            // past a wait that is none.
            let mut tries = 500;
            while stopper.prefault.may_enter(mm) && tries > 0 {
                fsleep(Delta::from_millis(10));
                tries -= 1;
            }
            fsleep(Delta::from_millis(20));
            let during = stopper.prefault.may_enter(mm);
            (before, during, stopper.has_waited.load(Relaxed))
        })?;
        stopper.is_over.wait_for_completion();
        let after = set_up(|mm| stopper.prefault.may_enter(mm))?;
        stopper.prefault.forget();

        assert!(before);
        assert!(!during);
        assert!(!has_waited);
        assert!(after);
        Ok(())
    }

    #[test]
    fn stopped_until_all_who_did_so_are_done() -> Result {
        let stopper = Stopper::new()?;
        let prefault = &stopper.prefault;
        let may_enter = || set_up(|mm| prefault.may_enter(mm));

        let (one, two) = (prefault.stop(), prefault.stop());
        let both = may_enter()?;
        drop(one);
        let second = may_enter()?;
        drop(two);
        let none = may_enter()?;
        assert!(!both);
        assert!(!second);
        assert!(none);

        prefault.stop().for_good();
        let for_good = may_enter()?;
        prefault.forget();
        let forgotten = may_enter()?;
        assert!(!for_good);
        assert!(!forgotten);
        Ok(())
    }

    #[test]
    fn forgets_the_address_space() -> Result {
        let stopper = Stopper::new()?;
        let prefault = &stopper.prefault;

        assert!(set_up(|mm| prefault.may_enter(mm))?);
        assert!(prefault.allowed.load(Relaxed) != 0);
        prefault.forget();
        assert!(prefault.allowed.load(Relaxed) == 0);
        assert!(prefault.state.lock().mm.is_none());
        Ok(())
    }
}
