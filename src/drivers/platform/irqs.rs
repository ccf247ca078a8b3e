// SPDX-License-Identifier: GPL-2.0

//! The interrupts of a platform device.
//!
//! A level-triggered line is masked by the handler: the device goes on asserting it until userspace
//! has served the device, which then unmasks the line. An edge-triggered line just passes on.
//!
//! A line is requested by the first `VFIO_DEVICE_SET_IRQS` and freed when the device is closed. If
//! that fails, the device can be used without the interrupt; the caller gets the error.

use crate::abstractions::{
    eventfd::EventFd,
    irq::{
        self,
        Mask,
        RequestedIrq,
        Return, //
    },
    vfio::{
        virqfd::{
            self,
            Virqfd, //
        },
        Bus,
        IrqAction,
        IrqData,
        IrqFlag,
        IrqFlags,
        IrqInfo,
        IrqSet, //
    }, //
};
use kernel::{
    prelude::*,
    str::CString,
    sync::Arc, //
};

/// Passes interrupts on to userspace.
struct ToUser {
    /// For lines that are masked until userspace has served the device.
    mask: Option<Arc<Mask>>,
}

impl irq::Handler for ToUser {
    #[inline(always)]
    fn handle(&self, receiver: Option<&EventFd>) -> Return {
        if let Some(mask) = &self.mask {
            if !mask.mask() {
                return Return::None;
            }
        }
        if let Some(receiver) = receiver {
            receiver.signal();
        }

        Return::Handled
    }
}

/// Masks a line when userspace signals.
struct MaskBySignal;

impl virqfd::Handler for MaskBySignal {
    type Target = Mask;

    fn signalled(mask: &Mask) {
        mask.mask();
    }
}

/// Unmasks a line when userspace signals.
struct UnmaskBySignal;

impl virqfd::Handler for UnmaskBySignal {
    type Target = Mask;

    fn signalled(mask: &Mask) {
        mask.unmask();
    }
}

/// The part of a line that only those have that can be masked.
struct Masking {
    mask_signal: Pin<KBox<Virqfd<MaskBySignal>>>,
    unmask_signal: Pin<KBox<Virqfd<UnmaskBySignal>>>,
    mask: Arc<Mask>,
}

impl Masking {
    fn new(irq: irq::Number) -> Result<Self> {
        let mask = Arc::new(Mask::new(irq), GFP_KERNEL_ACCOUNT)?;

        Ok(Self {
            mask_signal: KBox::pin_init(Virqfd::new(mask.clone()), GFP_KERNEL_ACCOUNT)?,
            unmask_signal: KBox::pin_init(Virqfd::new(mask.clone()), GFP_KERNEL_ACCOUNT)?,
            mask,
        })
    }
}

/// A requested line.
///
/// Fields are dropped in declaration order: first, userspace can't mask and unmask any more; then
/// the line is freed, which waits for the handler; with it goes the eventfd.
struct Line {
    masking: Option<Masking>,
    requested: Pin<KBox<RequestedIrq<ToUser>>>,
}

/// The time at which an action is to be taken.
enum When {
    Now,
    Never,
    /// Whenever this descriptor is signalled, or, if None, not any more.
    Signalled(Option<i32>),
}

impl When {
    fn new(set: &IrqSet) -> Result<Self> {
        if set.start != 0 || set.count != 1 {
            return Err(EINVAL);
        }

        match &set.data {
            IrqData::None => Ok(Self::Now),
            IrqData::Bool(values) => match values.first() {
                Some(0) => Ok(Self::Never),
                Some(_) => Ok(Self::Now),
                None => Err(EINVAL),
            },
            IrqData::EventFd(fds) => {
                let fd = *fds.first().ok_or(EINVAL)?;
                Ok(Self::Signalled((fd >= 0).then_some(fd)))
            }
        }
    }
}

impl Line {
    #[cold]
    #[inline(never)]
    fn request(irq: irq::Number, name: &CStr) -> Result<Self> {
        let masking = if irq.is_level() {
            Some(Masking::new(irq)?)
        } else {
            None
        };
        let mask = masking.as_ref().map(|masking| masking.mask.clone());
        let name = CString::try_from_fmt(fmt!("vfio-irq[{irq}]({name})"))?;

        Ok(Self {
            masking,
            requested: RequestedIrq::new(irq, name, ToUser { mask })?,
        })
    }

    fn set(&mut self, set: &IrqSet) -> Result {
        match set.action {
            Some(IrqAction::Mask) => self.set_mask(set),
            Some(IrqAction::Unmask) => self.set_unmask(set),
            Some(IrqAction::Trigger) => self.set_trigger(set),
            None => Err(ENOTTY),
        }
    }

    fn set_mask(&mut self, set: &IrqSet) -> Result {
        let when = When::new(set)?;
        let masking = self.masking.as_mut().ok_or(EINVAL)?;

        match when {
            When::Now => drop(masking.mask.mask()),
            When::Never => {}
            When::Signalled(Some(fd)) => masking.mask_signal.as_mut().enable(fd)?,
            When::Signalled(None) => masking.mask_signal.as_mut().disable(),
        }

        Ok(())
    }

    fn set_unmask(&mut self, set: &IrqSet) -> Result {
        let when = When::new(set)?;
        let masking = self.masking.as_mut().ok_or(EINVAL)?;

        match when {
            When::Now => drop(masking.mask.unmask()),
            When::Never => {}
            When::Signalled(Some(fd)) => masking.unmask_signal.as_mut().enable(fd)?,
            When::Signalled(None) => masking.unmask_signal.as_mut().disable(),
        }

        Ok(())
    }

    fn set_trigger(&mut self, set: &IrqSet) -> Result {
        if set.count == 0 && matches!(set.data, IrqData::None) {
            self.requested.as_mut().set_receiver(None);
            return Ok(());
        }

        match When::new(set)? {
            When::Now => self.requested.trigger(),
            When::Never => {}
            When::Signalled(fd) => {
                // First the new one, so that a bad descriptor changes nothing.
                let receiver = fd.map(EventFd::from_fd).transpose()?;
                self.requested.as_mut().set_receiver(receiver);
            }
        }

        Ok(())
    }
}

/// An interrupt that the firmware gives the device.
struct Irq {
    number: irq::Number,
    line: Option<Line>,
}

/// All interrupts of a device.
pub(super) struct Irqs {
    irqs: KVec<Irq>,
    /// No line is requested any more.
    revoked: bool,
}

impl Irqs {
    /// Takes the interrupts of `dev`, in the firmware's order.
    ///
    /// # Errors
    ///
    /// `EPROBE_DEFER` if the controller of one is not there yet, `ENOMEM`.
    pub(super) fn new<B: Bus>(dev: &B::Device<'_>) -> Result<Self> {
        let mut irqs = KVec::new();

        for index in 0.. {
            let number = match B::irq(dev, index) {
                Ok(number) => number,
                Err(EPROBE_DEFER) => return Err(EPROBE_DEFER),
                // As in C, this is the end of the list.
                Err(_) => break,
            };
            irqs.push(Irq { number, line: None }, GFP_KERNEL_ACCOUNT)?;
        }

        Ok(Self {
            irqs,
            revoked: false,
        })
    }

    /// Returns the number of interrupts.
    pub(super) fn count(&self) -> Result<u32> {
        Ok(u32::try_from(self.irqs.len())?)
    }

    /// Describes interrupt `index`.
    ///
    /// # Errors
    ///
    /// `EINVAL` if there is none.
    pub(super) fn info(&self, index: u32) -> Result<IrqInfo> {
        let irq = self.irqs.get(usize::try_from(index)?).ok_or(EINVAL)?;
        let mut flags: IrqFlags = IrqFlag::EventFd.into();

        if irq.number.is_level() {
            flags |= IrqFlag::Maskable | IrqFlag::AutoMasked;
        }

        Ok(IrqInfo { flags, count: 1 })
    }

    /// Changes an interrupt; `name` is the device's in `/proc/interrupts`.
    ///
    /// # Errors
    ///
    /// `ENODEV` if they were revoked, those of requesting the line, `ENOTTY` if not exactly one
    /// action is asked for, `EINVAL` if the interrupt can't do it, and those of eventfds.
    #[inline(always)]
    pub(super) fn set(&mut self, set: &IrqSet, name: &CStr) -> Result {
        if self.revoked {
            return Err(ENODEV);
        }

        let index = usize::try_from(set.index)?;
        let irq = self.irqs.get_mut(index).ok_or(EINVAL)?;
        let line = match &mut irq.line {
            Some(line) => line,
            line @ None => line.insert(Line::request(irq.number, name)?),
        };

        line.set(set)
    }

    /// Frees all lines. When this returns, no interrupt is passed on any more.
    pub(super) fn free(&mut self) {
        for irq in &mut self.irqs {
            irq.line = None;
        }
    }

    /// Frees all lines for good.
    pub(super) fn revoke(&mut self) {
        self.free();
        self.revoked = true;
    }
}
