// SPDX-License-Identifier: GPL-2.0

//! Drivers that misbehave on command.
//!
//! `test-a` and `test-b` exist on the PCI and on the platform bus. They match by override only, and do
//! nothing with a device. What their probe does is written to `/sys/kernel/debug/overdrive_test/`,
//! where each has a file:
//!
//! | value          | probe                                                  |
//! |----------------|--------------------------------------------------------|
//! | 0              | succeeds                                               |
//! | -ERRNO         | fails with it (-517 defers)                            |
//! | ERRNO          | fails with it once, and sets the value to 0            |
//! | 1000 N + ERRNO | succeeds N times, then fails once (N is less than 10)  |
//! | 10000          | hangs until the value changes                          |
//!
//! `remove-a` and `remove-b` with 10000 let an unbind hang the same way.
//!
//! `shutdown` is 10000 to let a shutdown hang, after all who are told of it before have let it go on. It
//! turns to 1 then, and the machine goes down when 0 is written.
//!
//! `BUS/DEVICE` written to `attach-b` binds the device to `test-b` without asking whether they match, as
//! an asynchronous probe does whose match came earlier.

use kernel::{
    bindings,
    debugfs,
    error::to_result,
    fmt,
    prelude::*,
    str::{
        CStrExt,
        CString, //
    },
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    time::{
        delay::fsleep,
        Delta, //
    },
    types::Opaque,
    uaccess::UserSliceReader, //
};

module! {
    type: TestDrivers,
    name: "overdrive_test",
    authors: ["The overdrive authors"],
    description: "Drivers that misbehave on command",
    license: "GPL",
}

const HANG: i32 = 10_000;

/// More than any errno.
const SUCCEED_ONCE: i32 = 1_000;

static PROBE: [Atomic<i32>; 2] = [Atomic::new(0), Atomic::new(0)];
static REMOVE: [Atomic<i32>; 2] = [Atomic::new(0), Atomic::new(0)];
static SHUTDOWN: Atomic<i32> = Atomic::new(0);

fn wait_while_hanging(knob: &Atomic<i32>) -> i32 {
    loop {
        match knob.load(Relaxed) {
            HANG => fsleep(Delta::from_millis(1)),
            value => return value,
        }
    }
}

fn probe(which: usize) -> c_int {
    match wait_while_hanging(&PROBE[which]) {
        left @ SUCCEED_ONCE.. => {
            PROBE[which].store(left - SUCCEED_ONCE, Relaxed);
            0
        }
        once @ 1.. => {
            PROBE[which].store(0, Relaxed);
            -once
        }
        always => always,
    }
}

/// A file that shows and sets a value.
struct Knob(&'static Atomic<i32>);

impl fmt::Debug for Knob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0.load(Relaxed), f)
    }
}

impl debugfs::Reader for Knob {
    fn read_from_slice(&self, reader: &mut UserSliceReader) -> Result {
        self.0.read_from_slice(reader)
    }
}

/// A file that binds a device to `test-b`.
struct AttachB;

impl AttachB {
    fn attach(name: &str) -> Result {
        let (bus, name) = name.split_once('/').ok_or(EINVAL)?;
        let bus = match bus {
            "pci" => &raw const bindings::pci_bus_type,
            "platform" => &raw const bindings::platform_bus_type,
            _ => return Err(EINVAL),
        };
        let name = CString::try_from_fmt(fmt!("{name}"))?;

        // SAFETY: The bus and the names are valid. The driver is this module's, and stays registered
        // while the file is there; the reference to the device is given back.
        unsafe {
            let driver = bindings::driver_find(c"test-b".as_char_ptr(), bus);
            let device = bindings::bus_find_device(
                bus,
                core::ptr::null_mut(),
                name.as_char_ptr().cast(),
                Some(bindings::device_match_name),
            );
            if driver.is_null() || device.is_null() {
                return Err(ENODEV);
            }
            let ret = bindings::device_driver_attach(driver, device);

            bindings::put_device(device);
            to_result(ret)
        }
    }
}

impl debugfs::Reader for AttachB {
    fn read_from_slice(&self, reader: &mut UserSliceReader) -> Result {
        let mut buf = [0; 128];
        let len = reader.len().min(buf.len());

        reader.read_slice(&mut buf[..len])?;
        let text = core::str::from_utf8(&buf[..len]).map_err(|_| EINVAL)?;

        Self::attach(text.trim())
    }
}

extern "C" {
    fn register_reboot_notifier(block: *mut bindings::notifier_block) -> c_int;
    fn unregister_reboot_notifier(block: *mut bindings::notifier_block) -> c_int;
}

/// The last one to be told that the machine goes down.
#[pin_data(PinnedDrop)]
struct Shutdown {
    #[pin]
    block: Opaque<bindings::notifier_block>,
}

// SAFETY: Nothing can be had through a shared reference.
unsafe impl Sync for Shutdown {}
// SAFETY: It can be unregistered by any thread.
unsafe impl Send for Shutdown {}

impl Shutdown {
    fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            block <- Opaque::try_ffi_init(|slot: *mut bindings::notifier_block| {
                // SAFETY: `slot` is valid, pinned, and unregistered before it goes away.
                to_result(unsafe {
                    slot.write(bindings::notifier_block {
                        notifier_call: Some(Self::told),
                        priority: c_int::MIN,
                        ..Default::default()
                    });
                    register_reboot_notifier(slot)
                })
            }),
        })
    }

    extern "C" fn told(
        _: *mut bindings::notifier_block,
        _: c_ulong,
        _: *mut c_void,
    ) -> c_int {
        if SHUTDOWN.load(Relaxed) == HANG {
            SHUTDOWN.store(1, Relaxed);
            while SHUTDOWN.load(Relaxed) != 0 {
                fsleep(Delta::from_millis(10));
            }
        }
        0
    }
}

#[pinned_drop]
impl PinnedDrop for Shutdown {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: `new` registered it.
        unsafe { unregister_reboot_notifier(self.block.get()) };
    }
}

/// A PCI driver.
#[pin_data(PinnedDrop)]
struct Pci<const WHICH: usize> {
    #[pin]
    driver: Opaque<bindings::pci_driver>,
}

// SAFETY: Nothing can be had through a shared reference.
unsafe impl<const WHICH: usize> Sync for Pci<WHICH> {}
// SAFETY: It can be unregistered by any thread.
unsafe impl<const WHICH: usize> Send for Pci<WHICH> {}

impl<const WHICH: usize> Pci<WHICH> {
    fn new(name: &'static CStr, module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            driver <- Opaque::try_ffi_init(move |slot: *mut bindings::pci_driver| {
                // SAFETY: `slot` is valid, pinned, and unregistered before it goes away.
                to_result(unsafe {
                    slot.write(bindings::pci_driver {
                        name: name.as_char_ptr(),
                        probe: Some(Self::probe),
                        remove: Some(Self::remove),
                        ..Default::default()
                    });
                    bindings::__pci_register_driver(
                        slot,
                        module.as_ptr(),
                        c"overdrive_test".as_char_ptr(),
                    )
                })
            }),
        })
    }

    unsafe extern "C" fn probe(
        _: *mut bindings::pci_dev,
        _: *const bindings::pci_device_id,
    ) -> c_int {
        probe(WHICH)
    }

    unsafe extern "C" fn remove(_: *mut bindings::pci_dev) {
        wait_while_hanging(&REMOVE[WHICH]);
    }
}

#[pinned_drop]
impl<const WHICH: usize> PinnedDrop for Pci<WHICH> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: `new` registered it.
        unsafe { bindings::pci_unregister_driver(self.driver.get()) };
    }
}

/// A platform driver.
#[pin_data(PinnedDrop)]
struct Platform<const WHICH: usize> {
    #[pin]
    driver: Opaque<bindings::platform_driver>,
}

// SAFETY: Nothing can be had through a shared reference.
unsafe impl<const WHICH: usize> Sync for Platform<WHICH> {}
// SAFETY: It can be unregistered by any thread.
unsafe impl<const WHICH: usize> Send for Platform<WHICH> {}

impl<const WHICH: usize> Platform<WHICH> {
    fn new(name: &'static CStr, module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            driver <- Opaque::try_ffi_init(move |slot: *mut bindings::platform_driver| {
                // SAFETY: `slot` is valid, pinned, and unregistered before it goes away.
                to_result(unsafe {
                    slot.write(bindings::platform_driver {
                        probe: Some(Self::probe),
                        remove: Some(Self::remove),
                        driver: bindings::device_driver {
                            name: name.as_char_ptr(),
                            ..Default::default()
                        },
                        ..Default::default()
                    });
                    bindings::__platform_driver_register(
                        slot,
                        module.as_ptr(),
                        c"overdrive_test".as_char_ptr(),
                    )
                })
            }),
        })
    }

    unsafe extern "C" fn probe(_: *mut bindings::platform_device) -> c_int {
        probe(WHICH)
    }

    unsafe extern "C" fn remove(_: *mut bindings::platform_device) {
        wait_while_hanging(&REMOVE[WHICH]);
    }
}

#[pinned_drop]
impl<const WHICH: usize> PinnedDrop for Platform<WHICH> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: `new` registered it.
        unsafe { bindings::platform_driver_unregister(self.driver.get()) };
    }
}

/// The loaded module.
#[pin_data]
struct TestDrivers {
    /// Before the drivers, of which it needs one. The others are after them: they let a probe go on.
    #[pin]
    attach_b: debugfs::File<AttachB>,
    #[pin]
    pci_a: Pci<0>,
    #[pin]
    pci_b: Pci<1>,
    #[pin]
    platform_a: Platform<0>,
    #[pin]
    platform_b: Platform<1>,
    #[pin]
    probe_a: debugfs::File<Knob>,
    #[pin]
    probe_b: debugfs::File<Knob>,
    #[pin]
    remove_a: debugfs::File<Knob>,
    #[pin]
    remove_b: debugfs::File<Knob>,
    #[pin]
    shutdown_knob: debugfs::File<Knob>,
    #[pin]
    shutdown: Shutdown,
    dir: debugfs::Dir,
}

impl kernel::InPlaceModule for TestDrivers {
    fn init(module: &'static ThisModule) -> impl PinInit<Self, Error> {
        pin_init::pin_init_scope(move || {
            let dir = debugfs::Dir::new(c"overdrive_test");
            let files = dir.clone();

            Ok(try_pin_init!(Self {
                dir,
                probe_a <- files.read_write_file(c"probe-a", Knob(&PROBE[0])),
                probe_b <- files.read_write_file(c"probe-b", Knob(&PROBE[1])),
                remove_a <- files.read_write_file(c"remove-a", Knob(&REMOVE[0])),
                remove_b <- files.read_write_file(c"remove-b", Knob(&REMOVE[1])),
                shutdown_knob <- files.read_write_file(c"shutdown", Knob(&SHUTDOWN)),
                attach_b <- files.write_only_file(c"attach-b", AttachB),
                shutdown <- Shutdown::new(),
                pci_a <- Pci::new(c"test-a", module),
                pci_b <- Pci::new(c"test-b", module),
                platform_a <- Platform::new(c"test-a", module),
                platform_b <- Platform::new(c"test-b", module),
            }))
        })
    }
}
