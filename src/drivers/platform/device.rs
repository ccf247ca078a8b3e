// SPDX-License-Identifier: GPL-2.0

//! A platform device in the hands of userspace.

use super::{
    bus_device::BusDevice,
    irqs::Irqs,
    regions::Regions,
    reset::Method, //
};
use crate::{
    abstractions::{
        gate::Gate,
        pm_runtime,
        vfio::{
            Device,
            DeviceInfo,
            Fault,
            FaultHandler,
            InfoCaps,
            Ioctls,
            IrqInfo,
            IrqSet,
            Opened,
            Operations,
            Prefault,
            RegionInfo,
            Registered, //
        }, //
    },
    bindings::{
        self,
        VFIO_DEVICE_FLAGS_RESET, //
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
pub(crate) struct PlatformDevice {
    regions: Regions,
    num_irqs: u32,
    num_regions: u32,
    /// `VFIO_DEVICE_FLAGS_*` that do not depend on anything else.
    flags: u32,
    /// Serialises `VFIO_DEVICE_SET_IRQS`; the interrupt handler does without.
    #[pin]
    irqs: Mutex<Irqs>,
    /// What every access to the registers passes, and entering them into an address space. It is
    /// closed during a reset that the user asks for, and for good when the device is revoked. User
    /// memory is not accessed behind it.
    #[pin]
    access: Gate,
    /// Nobody waits for it behind `access`: that takes the lock of an address space, which a page
    /// fault has that waits for `access`.
    #[pin]
    prefault: Prefault,
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
    pub(in crate::drivers) fn new<D: BusDevice>(
        dev: &D,
        reset_required: bool,
    ) -> Result<impl PinInit<Self, Error>> {
        let name = dev.name()?;
        let reset = Method::find(dev, &name)?;
        if reset.is_none() && reset_required {
            dev_err!(
                dev.device(),
                "no way to reset the device; overdrive.reset_required=0 allows that\n"
            );
            return Err(ENOENT);
        }

        let regions = Regions::new(dev)?;
        let num_regions = regions.count()?;
        let irqs = Irqs::new(dev)?;
        let num_irqs = irqs.count()?;

        Ok(try_pin_init!(Self {
            regions,
            num_irqs,
            num_regions,
            flags: D::FLAGS,
            irqs <- new_mutex!(irqs),
            access <- Gate::new(c"vfio_platform_access", kernel::static_lock_class!()),
            prefault <- Prefault::new(),
            reset,
            reset_required,
            name,
        }))
    }

    /// Takes the device away from those who have it open: from here on there are no interrupts,
    /// registers can't be accessed, and mappings end with `SIGBUS`.
    pub(in crate::drivers) fn revoke(device: &Device<Self, Registered>) {
        let this = device.data();

        let stopped = this.prefault.stop();
        if let Ok(mut access) = this.access.close() {
            access.shut();
            device.unmap_all();
        }

        this.irqs.lock().revoke();

        // A user that does not let go of its address space keeps nothing but what it is just mapping.
        stopped.wait();
        device.unmap_all();
        stopped.for_good();
    }

    /// Resets the device. Nobody accesses the registers meanwhile: the caller sees to it.
    fn call_reset(device: &Device<Self, Registered>) -> Result {
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
    type Base = bindings::vfio_device;

    const NAME: &'static CStr = c"vfio-platform";

    fn open_device(device: &Device<Self, Registered>) -> Result {
        let this = device.data();

        // Not to be revoked meanwhile. There is no other user yet.
        let _access = this.access.enter()?;

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
        device.data().prefault.forget();
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

        this.regions.read(&this.access, *pos, buf, count)
    }

    #[inline(always)]
    fn write(
        device: &Device<Self, Opened>,
        buf: UserPtr,
        count: usize,
        pos: &mut i64,
    ) -> Result<usize> {
        let this = device.data();

        this.regions.write(&this.access, *pos, buf, count)
    }

    #[inline(always)]
    fn mmap(device: &Device<Self, Opened>, vma: &VmaNew) -> Result {
        let this = device.data().get_ref();
        let (mem, page) = this
            .regions
            .to_map(vma, Device::<Self, Opened>::page_offset(vma))?;

        device.map(vma, mem, page, &this.prefault)
    }
}

impl FaultHandler for PlatformDevice {
    fn fault(device: &Device<Self, Opened>, fault: &mut Fault<'_>) {
        let this = device.data();

        let access = this.access.enter();

        // If it was revoked, no page is entered.
        if access.is_ok() {
            this.regions.fault(fault);
        }
    }
}

impl Ioctls for PlatformDevice {
    fn device_info(device: &Device<Self, Opened>) -> DeviceInfo {
        let this = device.data();
        let mut flags = this.flags;

        if this.reset.is_some() {
            flags |= VFIO_DEVICE_FLAGS_RESET;
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

        // Nobody required to wait for a reset that there is no way to.
        if !this.access.pass(|| this.reset.is_some())? {
            return Err(EINVAL);
        }

        // Mappings are entered again by whoever touches them after the reset.
        let stopped = this.prefault.stop();
        stopped.wait_killable()?;
        let _closed = this.access.close()?;
        device.unmap_all();

        Self::call_reset(device)
    }
}
