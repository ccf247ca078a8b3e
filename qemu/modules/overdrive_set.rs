// SPDX-License-Identifier: GPL-2.0

//! Many devices, and a driver that takes its time.
//!
//! There are 64 platform devices, `overdrive-set.0` to `.63`, which no driver matches, and a pair,
//! `overdrive-pair.0`, and `.1` which needs it to have its driver. `overdrive-kernel` has an override,
//! `kernels-own`, when it is added, as the kernel gives to virtual functions.
//!
//! `BUS/DEVICE` written to `/sys/kernel/debug/overdrive_set/supplier` makes `overdrive-set.63` a consumer
//! of that PCI or platform device.
//!
//! `test-sleep` takes one by override only. Its probe sleeps 100 ms, and does nothing. It leaves DMA to
//! userspace, as drivers of VFIO do, so that its probes may be called side by side. `test blank` has a
//! blank in its name, and is for the kernel. `test-fixed` is, too, and users can't bind or unbind it.

use core::ptr::null_mut;
use kernel::{
    bindings,
    debugfs,
    error::to_result,
    prelude::*,
    str::{
        CStrExt,
        CString, //
    },
    time::{
        delay::fsleep,
        Delta, //
    },
    types::Opaque,
    uaccess::UserSliceReader, //
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

/// Finds a device, with a reference that the caller gives back.
fn find(name: &str) -> Result<*mut bindings::device> {
    let (bus, name) = name.split_once('/').ok_or(EINVAL)?;
    let bus = match bus {
        "pci" => &raw const bindings::pci_bus_type,
        "platform" => &raw const bindings::platform_bus_type,
        _ => return Err(EINVAL),
    };
    let name = CString::try_from_fmt(fmt!("{name}"))?;
    // SAFETY: The bus and the name are valid.
    let found = unsafe {
        bindings::bus_find_device(
            bus,
            null_mut(),
            name.as_char_ptr().cast(),
            Some(bindings::device_match_name),
        )
    };

    if found.is_null() {
        return Err(ENODEV);
    }
    Ok(found)
}

/// A file that makes a device a supplier.
struct Supplier;

impl debugfs::Reader for Supplier {
    fn read_from_slice(&self, reader: &mut UserSliceReader) -> Result {
        let mut buf = [0; 128];
        let len = reader.len().min(buf.len());

        reader.read_slice(&mut buf[..len])?;
        let text = core::str::from_utf8(&buf[..len]).map_err(|_| EINVAL)?;
        let supplier = find(text.trim())?;
        let consumer = find("platform/overdrive-set.63");

        // SAFETY: Both are valid, and given back. The link goes when one of them is removed.
        unsafe {
            let ret = consumer.and_then(|consumer| {
                let link = bindings::device_link_add(consumer, supplier, 0);

                bindings::put_device(consumer);
                match link.is_null() {
                    true => Err(EINVAL),
                    false => Ok(()),
                }
            });

            bindings::put_device(supplier);
            ret
        }
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
    fn new(
        name: &'static CStr,
        driver_managed_dma: bool,
        suppress_bind_attrs: bool,
        module: &'static ThisModule,
    ) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            driver <- Opaque::try_ffi_init(move |slot: *mut bindings::platform_driver| {
                // SAFETY: `slot` is valid, pinned, and unregistered before it goes away.
                to_result(unsafe {
                    slot.write(bindings::platform_driver {
                        probe: Some(Self::probe),
                        driver: bindings::device_driver {
                            name: name.as_char_ptr(),
                            suppress_bind_attrs,
                            ..Default::default()
                        },
                        driver_managed_dma,
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
    #[pin]
    supplier: debugfs::File<Supplier>,
    dir: debugfs::Dir,
    devices: KVec<Device>,
    #[pin]
    driver: Driver,
    #[pin]
    blank: Driver,
    #[pin]
    fixed: Driver,
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
            let dir = debugfs::Dir::new(c"overdrive_set");
            let files = dir.clone();

            Ok(try_pin_init!(Self {
                dir,
                supplier <- files.write_only_file(c"supplier", Supplier),
                driver <- Driver::new(c"test-sleep", true, false, module),
                blank <- Driver::new(c"test blank", false, false, module),
                fixed <- Driver::new(c"test-fixed", false, true, module),
                devices,
            }))
        })
    }
}
