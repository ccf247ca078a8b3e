// SPDX-License-Identifier: GPL-2.0

//! A platform or AMBA device in the hands of userspace.

use super::{
    access::Access,
    irqs::Irqs,
    regions::Regions,
    reset::Method, //
};
use crate::abstractions::{
    pm_runtime,
    rwsem::RwSemaphore,
    vfio::{
        Bus,
        Device,
        DeviceFlag,
        DeviceInfo,
        Fault,
        FaultHandler,
        InfoCaps,
        Ioctls,
        IrqInfo,
        IrqSet,
        Opened,
        Operations,
        PlainDevice,
        RegionInfo,
        Registered, //
    }, //
};
use kernel::{
    mm::virt::VmaNew,
    prelude::*,
    str::CString,
    sync::{
        new_mutex,
        Mutex, //
    },
    uaccess::UserPtr, //
};

/// The driver's data for a device.
#[pin_data]
pub(in crate::drivers) struct PlatformDevice {
    regions: Regions,
    num_irqs: u32,
    num_regions: u32,
    bus: DeviceFlag,
    /// Serialises `VFIO_DEVICE_SET_IRQS`; the interrupt handler does without.
    #[pin]
    irqs: Mutex<Irqs>,
    /// Held for reading by every access to the registers, and while they are entered into an address
    /// space; for writing while the device is reset or revoked. A page fault takes the lock of an
    /// address space first: so user memory is not accessed with this lock held.
    #[pin]
    memory_lock: RwSemaphore<Access>,
    reset: Option<Method>,
    reset_required: bool,
    /// In `/proc/interrupts`.
    name: CString,
}

impl PlatformDevice {
    /// Collects what the firmware says about `dev`.
    ///
    /// # Errors
    ///
    /// `ENOENT` if the device can't be reset but must; `EPROBE_DEFER` if something that it depends
    /// on is not there yet; `ENOMEM`.
    pub(super) fn new<B: Bus>(
        dev: &B::Device<'_>,
        reset_required: bool,
    ) -> Result<impl PinInit<Self, Error>> {
        let name = B::name(dev)?;
        let reset = match Method::find(B::device(dev), &name) {
            Ok(None) | Err(ENOENT) if reset_required => {
                dev_err!(
                    B::device(dev),
                    "no way to reset the device; overdrive.reset_required=0 allows that\n"
                );
                return Err(ENOENT);
            }
            Err(e) if reset_required => return Err(e),
            Err(e) => {
                dev_warn!(B::device(dev), "can't be reset: {e:?}\n");
                None
            }
            Ok(reset) => reset,
        };

        let regions = Regions::new::<B>(dev)?;
        let num_regions = regions.count()?;
        let irqs = Irqs::new::<B>(dev)?;
        let num_irqs = irqs.count()?;

        Ok(try_pin_init!(Self {
            regions,
            num_irqs,
            num_regions,
            bus: B::FLAG,
            irqs <- new_mutex!(irqs),
            memory_lock <- RwSemaphore::new(
                Access::Allowed,
                c"vfio_platform_memory_lock",
                kernel::static_lock_class!()
            ),
            reset,
            reset_required,
            name,
        }))
    }

    /// Resets the device. Nobody accesses the registers meanwhile: the caller sees to it.
    fn call_reset(device: &Device<Self>) -> Result {
        let this = device.data();
        let Some(reset) = &this.reset else {
            return Err(EINVAL);
        };

        reset
            .reset(device.parent(), &this.regions)
            .inspect_err(|e| {
                dev_warn!(
                    device.parent(),
                    "reset by {} failed: {:?}\n",
                    reset.name(),
                    e
                );
            })
    }
}

#[vtable]
impl Operations for PlatformDevice {
    type Base = PlainDevice;

    fn open_device(device: &Device<Self, Registered>) -> Result {
        let this = device.data();

        pm_runtime::resume_and_get(device.parent())?;
        if let Err(e) = Self::call_reset(device) {
            if this.reset_required {
                pm_runtime::put(device.parent());
                return Err(e);
            }
        }

        Ok(())
    }

    fn close_device(device: &Device<Self, Opened>) {
        // The last user is gone, and with it the mappings. The reset has said so if it failed; there
        // is nobody left who could be told.
        let _ = Self::call_reset(device);
        device.data().irqs.lock().free();
        pm_runtime::put(device.parent());
    }

    #[inline(always)]
    fn ioctl(device: &Device<Self, Opened>, cmd: u32, arg: usize) -> Result<usize> {
        Self::answer(device, cmd, arg)
    }

    fn get_region_info_caps(
        device: &Device<Self, Opened>,
        info: &mut RegionInfo,
        _caps: &mut InfoCaps,
    ) -> Result {
        let index = info.index();
        let region = device.data().get_ref().regions.get(index)?;

        info.set(region.flags(), region.size(), Regions::position(index));
        Ok(())
    }

    #[inline(always)]
    fn read(
        device: &Device<Self, Opened>,
        buf: UserPtr,
        count: usize,
        pos: &mut i64,
    ) -> Result<usize> {
        let this = device.data();

        this.regions.read(&this.memory_lock, *pos, buf, count)
    }

    #[inline(always)]
    fn write(
        device: &Device<Self, Opened>,
        buf: UserPtr,
        count: usize,
        pos: &mut i64,
    ) -> Result<usize> {
        let this = device.data();

        this.regions.write(&this.memory_lock, *pos, buf, count)
    }

    fn mmap(device: &Device<Self, Opened>, vma: &VmaNew) -> Result {
        let (range, page) = device
            .data()
            .get_ref()
            .regions
            .to_map(vma, Device::<Self, Opened>::page_offset(vma))?;

        device.map(vma, range, page)
    }

    /// Takes the device away from those who have it open: from here on there are no interrupts,
    /// registers can't be accessed, and mappings end with `SIGBUS`.
    fn request(device: &Device<Self, Registered>, _count: u32) {
        let this = device.data();
        let mut access = this.memory_lock.write();

        *access = Access::Revoked;
        device.unmap_all();
        drop(access);

        this.irqs.lock().revoke();
    }
}

impl FaultHandler for PlatformDevice {
    fn fault(device: &Device<Self, Opened>, fault: &mut Fault<'_>) {
        let this = device.data();
        let access = this.memory_lock.read();

        // If it was revoked, no page is entered.
        if access.check().is_ok() {
            this.regions.fault(fault);
        }
    }
}

impl Ioctls for PlatformDevice {
    fn device_info(device: &Device<Self, Opened>) -> DeviceInfo {
        let this = device.data();
        let mut flags = this.bus.into();

        if this.reset.is_some() {
            flags |= DeviceFlag::Reset;
        }

        DeviceInfo {
            flags,
            num_regions: this.num_regions,
            num_irqs: this.num_irqs,
        }
    }

    fn irq_info(device: &Device<Self, Opened>, index: u32) -> Result<IrqInfo> {
        device.data().irqs.lock().info(index)
    }

    #[inline(always)]
    fn set_irqs(device: &Device<Self, Opened>, set: &IrqSet) -> Result {
        let this = device.data();
        let mut irqs = this.irqs.lock();

        irqs.set(set, &this.name)
    }

    fn reset(device: &Device<Self, Opened>) -> Result {
        let this = device.data();
        let access = this.memory_lock.write();

        access.check()?;
        // Mappings are entered again by whoever touches them after the reset.
        device.unmap_all();
        Self::call_reset(device)
    }
}
