// SPDX-License-Identifier: GPL-2.0

//! Interrupts that are masked by software, and whose receiver can be exchanged.
//!
//! - [`Mask`] disables a line at most once, however often it is asked to, and from any context.
//! - [`Registration`] is a requested line whose handler passes the interrupt on to a receiver. The
//!   line is enabled while there is one. A receiver that was replaced is no longer in use by the
//!   handler, on any CPU, once the exchange returns.
//!
//! C header: [`include/linux/interrupt.h`](srctree/include/linux/interrupt.h)

use super::{
    compat, //
    eventfd::EventFd,
};
use crate::bindings;
use core::{
    marker::PhantomPinned,
    ptr::NonNull, //
};
use kernel::{
    error::to_result,
    prelude::*,
    str::CString,
    sync::atomic::{
        Atomic,
        AtomicFlag,
        Full,
        Relaxed, //
    }, //
};

/// Returns whether the line is triggered by a level: it is asserted until the device is served.
pub(crate) fn is_level(irq: u32) -> bool {
    // SAFETY: The function accepts any number.
    unsafe { bindings::overdrive_irq_is_level(irq) }
}

/// Whether a handler found work to do.
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
    irq: u32,
    masked: AtomicFlag,
}

impl Mask {
    /// Creates a mask for `irq` that is not set.
    pub(crate) fn new(irq: u32) -> Self {
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
        // SAFETY: The function accepts any number.
        unsafe { bindings::disable_irq_nosync(self.irq) };

        // INVARIANT: The line was disabled above.
        let changed = !self.masked.xchg(true, Full);
        if !changed {
            // One call is owed already: this one was too many.
            // SAFETY: The function accepts any number. It undoes the call above.
            unsafe { bindings::enable_irq(self.irq) };
        }

        changed
    }

    /// Undoes [`mask`](Self::mask); returns whether the mask was set. Can be called where that can.
    #[inline(always)]
    pub(crate) fn unmask(&self) -> bool {
        let changed = self.masked.xchg(false, Full);
        if changed {
            // SAFETY: The function accepts any number. By the type invariants, it undoes a call that
            // was owed it, and that nobody else undoes, as the flag was cleared here.
            unsafe { bindings::enable_irq(self.irq) };
        }

        changed
    }
}

/// What is done when a line is triggered.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Passes the interrupt on to `receiver`. Called in hard interrupt context, and by
    /// [`Registration::trigger`].
    fn handle(&self, receiver: Option<&EventFd>) -> Return;
}

/// A requested line, enabled while it has a receiver.
///
/// # Invariants
///
/// - If `requested`, the line was requested with the address of this object as its cookie.
/// - `receiver` is NULL or a counter of which this object owns a reference.
#[pin_data(PinnedDrop)]
pub(crate) struct Registration<H: Handler> {
    irq: u32,
    requested: bool,
    receiver: Atomic<*mut bindings::eventfd_ctx>,
    handler: H,
    name: CString,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: All parts can be used from any thread; the counter behind the pointer as well.
unsafe impl<H: Handler> Send for Registration<H> {}

// SAFETY: Through a shared reference, the receiver and the handler can be used, both of which are
// `Sync`.
unsafe impl<H: Handler> Sync for Registration<H> {}

impl<H: Handler> Registration<H> {
    /// Requests the line `irq`, for this driver alone; it stays disabled until there is a receiver.
    ///
    /// # Errors
    ///
    /// `EBUSY` if the line is in use, `EINVAL` if there is no such line, `ENOMEM`.
    pub(crate) fn new(irq: u32, name: CString, handler: H) -> Result<Pin<KBox<Self>>> {
        let mut this = KBox::pin_init(
            pin_init!(Self {
                irq,
                requested: false,
                receiver: Atomic::new(core::ptr::null_mut()),
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
                irq,
                Some(Self::handle_callback),
                None,
                bindings::IRQF_NO_AUTOEN as c_ulong,
                kernel::str::CStrExt::as_char_ptr(&*this.name),
                cookie,
            )
        })?;

        // INVARIANT: The line was requested above.
        // SAFETY: Nothing is moved.
        unsafe { this.as_mut().get_unchecked_mut() }.requested = true;

        Ok(this)
    }

    /// Exchanges the receiver.
    ///
    /// With the first receiver the line is enabled; without one it is disabled. Between two
    /// receivers the line remains enabled: no interrupt is lost. When this returns, the handler
    /// does not use the old receiver any more.
    pub(crate) fn set_receiver(self: Pin<&mut Self>, receiver: Option<EventFd>) {
        let new = receiver.map_or(core::ptr::null_mut(), EventFd::into_raw);
        let old = self.receiver.xchg(new, Full);

        // SAFETY: The line is requested. It is disabled exactly if there is no receiver: calls of
        // these functions are balanced. The last one waits until handlers on other CPUs are done.
        unsafe {
            match (old.is_null(), new.is_null()) {
                (true, false) => bindings::enable_irq(self.irq),
                (false, true) => bindings::disable_irq(self.irq),
                _ => bindings::synchronize_irq(self.irq),
            }
        }

        if let Some(old) = NonNull::new(old) {
            // SAFETY: By the type invariants, this object owned a reference, which nobody uses: the
            // handler has finished since the exchange, and `trigger` borrows this object.
            drop(unsafe { EventFd::from_raw(old) });
        }
    }

    /// Calls the handler as if the line had been triggered.
    #[inline(always)]
    pub(crate) fn trigger(&self) {
        self.handle();
    }

    #[inline(always)]
    fn handle(&self) -> Return {
        // What is read through the pointer depends on it: that orders the reads, as it does for RCU.
        let receiver = NonNull::new(self.receiver.load(Relaxed));
        // SAFETY: By the type invariants, it is a counter with a reference. `set_receiver` does not
        // give the reference up before the caller is done.
        let receiver =
            receiver.map(|ctx| core::mem::ManuallyDrop::new(unsafe { EventFd::from_raw(ctx) }));

        self.handler.handle(receiver.as_deref())
    }

    extern "C" fn handle_callback(_irq: c_int, cookie: *mut c_void) -> bindings::irqreturn_t {
        // SAFETY: The line was requested with this cookie, and is freed before the object is.
        let this = unsafe { &*cookie.cast::<Self>() };

        this.handle().into()
    }
}

#[pinned_drop]
impl<H: Handler> PinnedDrop for Registration<H> {
    fn drop(self: Pin<&mut Self>) {
        if self.requested {
            // SAFETY: By the type invariants, the line was requested with this cookie. The function
            // waits until handlers on other CPUs are done.
            unsafe { bindings::free_irq(self.irq, (&raw const *self).cast_mut().cast()) };
        }

        if let Some(ctx) = NonNull::new(self.receiver.xchg(core::ptr::null_mut(), Full)) {
            // SAFETY: By the type invariants, this object owns the reference; the handler is gone.
            drop(unsafe { EventFd::from_raw(ctx) });
        }
    }
}
