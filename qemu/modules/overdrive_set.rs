// SPDX-License-Identifier: GPL-2.0

//! Many devices, and a driver that takes its time.
//!
//! There are 64 platform devices, `overdrive-set.0` to `.63`, which no driver matches, and a pair,
//! `overdrive-pair.0`, and `.1` which needs it to have its driver. `overdrive-kernel` has an override,
//! `kernels-own`, when it is added, as the kernel gives to virtual functions.
//!
//! `test-sleep` takes one by override only. Its probe sleeps 100 ms, and does nothing. It leaves DMA to
//! userspace, as drivers of VFIO do, so that its probes may be called side by side. `test blank` is the
//! same with a blank in its name.

use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    str::CStrExt,
    time::{
        delay::fsleep,
        Delta, //
    },
    types::Opaque, //
};

module! {
    type: Set,
    name: "overdrive_set",
    authors: ["The overdrive authors"],
    description: "Many devices, and a driver that takes its time",
    license: "GPL",
}

const DEVICES: c_int = 64;

/// A registered platform device; dropping it removes it.
struct Device(*mut bindings::platform_device);

// SAFETY: A device can be removed by any thread.
unsafe impl Send for Device {}
// SAFETY: Nothing can be had through a shared reference.
unsafe impl Sync for Device {}

impl Device {
    fn new(name: &'static CStr, id: c_int) -> Result<Self> {
        Self::with_override(name, id, c"")
    }

    /// Adds a device that has an override already, unless that is empty.
    fn with_override(name: &'static CStr, id: c_int, driver: &CStr) -> Result<Self> {
        let len = driver.to_bytes().len();

        // SAFETY: The names are strings. What is allocated is added, or given up.
        unsafe {
            let device = bindings::platform_device_alloc(name.as_char_ptr(), id);

            if device.is_null() {
                return Err(ENOMEM);
            }
            if len != 0 {
                to_result(bindings::__device_set_driver_override(
                    &raw mut (*device).dev,
                    driver.as_char_ptr(),
                    len,
                ))
                .inspect_err(|_| bindings::platform_device_put(device))?;
            }
            to_result(bindings::platform_device_add(device))
                .inspect_err(|_| bindings::platform_device_put(device))?;
            Ok(Self(device))
        }
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // SAFETY: It is registered.
        unsafe { bindings::platform_device_unregister(self.0) };
    }
}

/// The driver.
#[pin_data(PinnedDrop)]
struct Driver {
    #[pin]
    driver: Opaque<bindings::platform_driver>,
}

// SAFETY: Nothing can be had through a shared reference.
unsafe impl Sync for Driver {}
// SAFETY: It can be unregistered by any thread.
unsafe impl Send for Driver {}

impl Driver {
    fn new(name: &'static CStr, module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            driver <- Opaque::try_ffi_init(move |slot: *mut bindings::platform_driver| {
                // SAFETY: `slot` is valid, pinned, and unregistered before it goes away.
                to_result(unsafe {
                    slot.write(bindings::platform_driver {
                        probe: Some(Self::probe),
                        driver: bindings::device_driver {
                            name: name.as_char_ptr(),
                            ..Default::default()
                        },
                        driver_managed_dma: true,
                        ..Default::default()
                    });
                    bindings::__platform_driver_register(
                        slot,
                        module.as_ptr(),
                        c"overdrive_set".as_char_ptr(),
                    )
                })
            }),
        })
    }

    unsafe extern "C" fn probe(_: *mut bindings::platform_device) -> c_int {
        fsleep(Delta::from_millis(100));
        0
    }
}

#[pinned_drop]
impl PinnedDrop for Driver {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: `new` registered it.
        unsafe { bindings::platform_driver_unregister(self.driver.get()) };
    }
}

/// The loaded module.
#[pin_data]
struct Set {
    devices: KVec<Device>,
    #[pin]
    driver: Driver,
    #[pin]
    blank: Driver,
}

impl kernel::InPlaceModule for Set {
    fn init(module: &'static ThisModule) -> impl PinInit<Self, Error> {
        pin_init::pin_init_scope(move || {
            let mut devices = KVec::new();

            for id in 0..DEVICES {
                devices.push(Device::new(c"overdrive-set", id)?, GFP_KERNEL)?;
            }
            let supplier = Device::new(c"overdrive-pair", 0)?;
            let consumer = Device::new(c"overdrive-pair", 1)?;

            // SAFETY: Both are registered. The link goes when one is removed.
            let link = unsafe {
                bindings::device_link_add(
                    &raw mut (*consumer.0).dev,
                    &raw mut (*supplier.0).dev,
                    0,
                )
            };
            if link.is_null() {
                return Err(EINVAL);
            }
            // The consumer goes first.
            devices.push(consumer, GFP_KERNEL)?;
            devices.push(supplier, GFP_KERNEL)?;
            devices.push(
                Device::with_override(
                    c"overdrive-kernel",
                    bindings::PLATFORM_DEVID_NONE,
                    c"kernels-own",
                )?,
                GFP_KERNEL,
            )?;
            Ok(try_pin_init!(Self {
                driver <- Driver::new(c"test-sleep", module),
                blank <- Driver::new(c"test blank", module),
                devices,
            }))
        })
    }
}
