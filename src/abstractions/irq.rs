// SPDX-License-Identifier: GPL-2.0

//! Interrupts that are masked by software, and whose receiver can be exchanged.
//!
//! - [`Mask`] disables a line at most once, however often it is asked to, and from any context.
//! - [`RequestedIrq`] is a requested line whose handler passes the interrupt on to a receiver. The
//!   line is enabled while there is one.
//!
//! The kernel crate's `irq` requests a line enabled, can't disable it, and has another shape in every
//! series.
//!
//! C header: [`include/linux/interrupt.h`](srctree/include/linux/interrupt.h)

use super::{
    compat,
    eventfd::EventFd, //
};
use crate::bindings;
use core::{
    cell::UnsafeCell,
    marker::PhantomPinned, //
};
use kernel::{
    error::to_result,
    prelude::*,
    str::CString,
    sync::atomic::{
        AtomicFlag,
        Full, //
    }, //
};

/// The number of a line.
///
/// # Invariants
///
/// It is a line of a device that is bound to a driver of this module, for as long as the object is
/// used.
#[derive(Clone, Copy)]
pub(crate) struct Number(u32);

impl Number {
    /// Returns the line `irq`.
    ///
    /// # Safety
    ///
    /// The type invariants must hold.
    pub(super) unsafe fn from_raw(irq: u32) -> Self {
        // INVARIANT: The caller's promise.
        Self(irq)
    }

    /// Returns `true` if the line is triggered by a level: it is asserted until the device is served.
    pub(crate) fn is_level(self) -> bool {
        // SAFETY: The function accepts any number.
        unsafe { bindings::overdrive_irq_is_level(self.0) }
    }
}

impl kernel::fmt::Display for Number {
    fn fmt(&self, f: &mut kernel::fmt::Formatter<'_>) -> kernel::fmt::Result {
        self.0.fmt(f)
    }
}

/// The answer of a handler.
pub(crate) enum Return {
    /// The interrupt was not for this handler.
    None,
    /// The interrupt was served.
    Handled,
}

impl From<Return> for bindings::irqreturn_t {
    #[inline(always)]
    fn from(value: Return) -> Self {
        match value {
            Return::None => compat::IRQ_NONE,
            Return::Handled => compat::IRQ_HANDLED,
        }
    }
}

/// A software mask for a line: it nests one level within whatever else disables the line.
///
/// # Invariants
///
/// While `masked` is set, exactly one call of `disable_irq_nosync` is owed its `enable_irq`. Whoever
/// clears it owes that from then on.
pub(crate) struct Mask {
    irq: Number,
    masked: AtomicFlag,
}

impl Mask {
    /// Creates a mask for `irq` that is not set.
    pub(crate) fn new(irq: Number) -> Self {
        Self {
            irq,
            masked: AtomicFlag::new(false),
        }
    }

    /// Disables the line if the mask is not set; returns whether this call did.
    ///
    /// A handler that is running already is not waited for. Can be called in any context, but for
    /// lines of a controller behind a slow bus, whose handlers are threads.
    #[inline(always)]
    pub(crate) fn mask(&self) -> bool {
        // Before the flag is set, so that whoever finds it set can enable the line at once.
        // SAFETY: By the invariants of `Number`, the line is a device's of this module's drivers.
        unsafe { bindings::disable_irq_nosync(self.irq.0) };

        // INVARIANT: The line was disabled above.
        let changed = !self.masked.xchg(true, Full);
        if !changed {
            // One call is owed already: this one was too many.
            // SAFETY: As above. It undoes the call above.
            unsafe { bindings::enable_irq(self.irq.0) };
        }

        changed
    }

    /// Undoes [`mask`](Self::mask); returns whether the mask was set. Can be called where that can.
    #[inline(always)]
    pub(crate) fn unmask(&self) -> bool {
        let changed = self.masked.xchg(false, Full);
        if changed {
            // SAFETY: By the type invariants, it undoes a call that was owed it, and that nobody else
            // undoes, as the flag was cleared here.
            unsafe { bindings::enable_irq(self.irq.0) };
        }

        changed
    }
}

/// The work that is done when a line is triggered.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Passes the interrupt on to `receiver`. Called in hard interrupt context, and by
    /// [`RequestedIrq::trigger`].
    fn handle(&self, receiver: Option<&EventFd>) -> Return;
}

/// A requested line, enabled while it has a receiver.
///
/// # Invariants
///
/// - If `requested`, the line was requested with the address of this object as its cookie.
/// - The line is disabled, by this object, exactly if `receiver` is None. `receiver` changes only
///   while the line is disabled and the object is borrowed mutably.
#[pin_data(PinnedDrop)]
pub(crate) struct RequestedIrq<H: Handler> {
    irq: Number,
    requested: bool,
    receiver: UnsafeCell<Option<EventFd>>,
    handler: H,
    name: CString,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: All parts can be used from any thread.
unsafe impl<H: Handler> Send for RequestedIrq<H> {}

// SAFETY: Through a shared reference, the receiver and the handler can be used, both of which are
// `Sync`. By the type invariants, the receiver does not change meanwhile.
unsafe impl<H: Handler> Sync for RequestedIrq<H> {}

impl<H: Handler> RequestedIrq<H> {
    /// Requests the line `irq`, for this driver alone; it stays disabled until there is a receiver.
    ///
    /// # Errors
    ///
    /// `EBUSY` if the line is in use, `EINVAL` if there is no such line, `ENOMEM`.
    pub(crate) fn new(irq: Number, name: CString, handler: H) -> Result<Pin<KBox<Self>>> {
        let mut this = KBox::pin_init(
            pin_init!(Self {
                irq,
                requested: false,
                // INVARIANT: It is requested without being enabled.
                receiver: UnsafeCell::new(None),
                handler,
                name,
                _pin: PhantomPinned,
            }),
            GFP_KERNEL_ACCOUNT,
        )?;
        let cookie = (&raw const *this).cast_mut().cast();

        // SAFETY: The cookie is a pinned object, which frees the line before it goes away, and so
        // does the name. The handler expects this cookie.
        to_result(unsafe {
            bindings::request_threaded_irq(
                irq.0,
                Some(Self::handle_callback),
                None,
                bindings::IRQF_NO_AUTOEN as c_ulong,
                this.name.as_char_ptr(),
                cookie,
            )
        })?;

        // INVARIANT: The line was requested above.
        // SAFETY: Nothing is moved.
        unsafe { this.as_mut().get_unchecked_mut() }.requested = true;

        Ok(this)
    }

    /// Exchanges the receiver; returns when the handler does not use the old one any more.
    ///
    /// An interrupt that comes meanwhile waits for the new receiver, or for the next one.
    pub(crate) fn set_receiver(self: Pin<&mut Self>, receiver: Option<EventFd>) {
        let is_there = receiver.is_some();

        // SAFETY: The line is requested. It is disabled while the receiver changes, which waits for
        // the handler on other CPUs: nobody else uses the receiver. By the type invariants, calls of
        // `disable_irq` and `enable_irq` are balanced. What is replaced is dropped in between.
        unsafe {
            if (*self.receiver.get()).is_some() {
                bindings::disable_irq(self.irq.0);
            }
            *self.receiver.get() = receiver;
            if is_there {
                bindings::enable_irq(self.irq.0);
            }
        }
    }

    /// Calls the handler as if the line had been triggered.
    #[inline(always)]
    pub(crate) fn trigger(&self) {
        self.handle();
    }

    #[inline(always)]
    fn handle(&self) -> Return {
        // SAFETY: By the type invariants, the receiver does not change: the line is enabled if its
        // handler is called, and `trigger` has borrowed the object.
        let receiver = unsafe { &*self.receiver.get() };

        self.handler.handle(receiver.as_ref())
    }

    extern "C" fn handle_callback(_irq: c_int, cookie: *mut c_void) -> bindings::irqreturn_t {
        // SAFETY: The line was requested with this cookie, and is freed before the object is.
        let this = unsafe { &*cookie.cast::<Self>() };

        this.handle().into()
    }
}

#[pinned_drop]
impl<H: Handler> PinnedDrop for RequestedIrq<H> {
    fn drop(self: Pin<&mut Self>) {
        if self.requested {
            // SAFETY: By the type invariants, the line was requested with this cookie. The function
            // waits until handlers on other CPUs are done.
            unsafe { bindings::free_irq(self.irq.0, (&raw const *self).cast_mut().cast()) };
        }
    }
}
