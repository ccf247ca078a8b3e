// SPDX-License-Identifier: GPL-2.0

//! Buses and devices that no emulated machine has.
//!
//! - `test-x` and `test-y` share a match function, the kernel's `device_match_any()`: every driver
//!   matches every device. Each has a device, `x0` and `y0`, and two drivers, `test-a` and `test-b`,
//!   that take anything.
//! - `test-native` has `driver_override` itself, a device `n0`, and the same two drivers.
//! - `test-no-match` has no match function. That of `test-untraceable` is written in Rust, which
//!   ftrace can't trace.
//! - Two devices on the auxiliary bus, `overdrive_buses.dev.0` and `.1`, with a driver that is for
//!   them, `overdrive_buses.ours`, and one that is for others, `overdrive_buses.foreign`.
//!
//! In `/sys/kernel/debug/overdrive_buses/`, `redirect` is 1 while this module redirects
//! `device_match_any()` as livepatch would; `plugged` is 1 while `overdrive_buses.dev.1` is there;
//! `probed` is how often a driver of this module was given a device.

use core::mem::zeroed;
use kernel::{
    bindings,
    debugfs,
    error::to_result,
    fmt,
    prelude::*,
    str::CStrExt,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        new_mutex,
        Arc,
        Mutex, //
    },
    types::Opaque,
    uaccess::UserSliceReader, //
};

module! {
    type: TestBuses,
    name: "overdrive_buses",
    authors: ["The overdrive authors"],
    description: "Buses and devices that no emulated machine has",
    license: "GPL",
    params: {
        fail: u8 {
            default: 0,
            description: "Not 0: loading fails, after the buses and their devices were there",
        },
    },
}

type MatchFn =
    unsafe extern "C" fn(*mut bindings::device, *const bindings::device_driver) -> c_int;

static PROBED: Atomic<i32> = Atomic::new(0);

unsafe extern "C" fn match_none(
    _: *mut bindings::device,
    _: *const bindings::device_driver,
) -> c_int {
    0
}

/// The match function of a bus that has overrides itself, and no other way to match.
unsafe extern "C" fn match_native(
    dev: *mut bindings::device,
    drv: *const bindings::device_driver,
) -> c_int {
    // SAFETY: The driver core keeps both alive. Tests don't change the override while a driver is
    // looked for.
    let is_its = unsafe {
        let name = (*dev).driver_override.name;

        name.is_null() || CStr::from_char_ptr(name) == CStr::from_char_ptr((*drv).name)
    };

    c_int::from(is_its)
}

/// `device_match_any()`, as a match function.
fn match_any() -> MatchFn {
    let function: unsafe extern "C" fn(*mut bindings::device, *const c_void) -> c_int =
        bindings::device_match_any;

    // SAFETY: Both take two pointers, and the function looks at neither.
    unsafe { core::mem::transmute::<_, MatchFn>(function) }
}

/// The C struct of a bus, which is part of the module as buses are.
struct BusType(Opaque<bindings::bus_type>);

// SAFETY: Rust code only passes on pointers to it.
unsafe impl Sync for BusType {}

static BUS_TYPES: [BusType; 5] = [const { BusType(Opaque::uninit()) }; 5];

/// A registered bus.
struct Bus(&'static BusType);

impl Bus {
    /// Registers one of [`BUS_TYPES`], once, which has no overrides.
    fn new(index: usize, name: &'static CStr, matches: Option<MatchFn>) -> Result<Self> {
        Self::register(index, name, matches, false)
    }

    fn register(
        index: usize,
        name: &'static CStr,
        matches: Option<MatchFn>,
        has_override: bool,
    ) -> Result<Self> {
        let this = Self(&BUS_TYPES[index]);
        let raw = this.raw();

        // SAFETY: Nobody else knows the struct before it is registered. All fields are pointers and
        // numbers that can be zero.
        let ret = unsafe {
            raw.write(zeroed());
            (*raw).name = name.as_char_ptr();
            (*raw).match_ = matches;
            (*raw).driver_override = has_override;
            bindings::bus_register(raw)
        };

        if let Err(err) = to_result(ret) {
            // Not registered: not to be unregistered.
            core::mem::forget(this);
            return Err(err);
        }
        Ok(this)
    }

    fn raw(&self) -> *mut bindings::bus_type {
        self.0 .0.get()
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        // SAFETY: `new` registered it.
        unsafe { bindings::bus_unregister(self.raw()) };
    }
}

#[pin_data(PinnedDrop)]
struct Driver {
    #[pin]
    raw: Opaque<bindings::device_driver>,
}

// SAFETY: The driver core takes care of itself.
unsafe impl Send for Driver {}
// SAFETY: As above.
unsafe impl Sync for Driver {}

impl Driver {
    fn new(name: &'static CStr, bus: &Bus, this: &'static ThisModule) -> Result<Pin<KBox<Self>>> {
        let bus = bus.raw();

        KBox::pin_init(
            try_pin_init!(Self {
                raw <- Opaque::try_ffi_init(move |slot: *mut bindings::device_driver| {
                    // SAFETY: `slot` is valid, pinned, and unregistered before it goes away, which is
                    // before the bus does.
                    to_result(unsafe {
                        slot.write(zeroed());
                        (*slot).name = name.as_char_ptr();
                        (*slot).bus = bus;
                        (*slot).owner = this.as_ptr();
                        (*slot).probe = Some(Self::probe);
                        bindings::driver_register(slot)
                    })
                }),
            }),
            GFP_KERNEL,
        )
    }

    unsafe extern "C" fn probe(_: *mut bindings::device) -> c_int {
        PROBED.add(1, Relaxed);
        0
    }
}

#[pinned_drop]
impl PinnedDrop for Driver {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: `new` registered it.
        unsafe { bindings::driver_unregister(self.raw.get()) };
    }
}

/// A driver of the auxiliary bus.
#[pin_data(PinnedDrop)]
struct AuxiliaryDriver {
    #[pin]
    ids: Opaque<[bindings::auxiliary_device_id; 2]>,
    #[pin]
    raw: Opaque<bindings::auxiliary_driver>,
}

// SAFETY: The driver core takes care of itself.
unsafe impl Send for AuxiliaryDriver {}
// SAFETY: As above.
unsafe impl Sync for AuxiliaryDriver {}

impl AuxiliaryDriver {
    fn new(
        name: &'static CStr,
        device: &'static CStr,
        this: &'static ThisModule,
    ) -> Result<Pin<KBox<Self>>> {
        let driver = KBox::pin_init(
            try_pin_init!(Self {
                // SAFETY: A table of zeroes is one without entries.
                ids: Opaque::new(unsafe { zeroed() }),
                // SAFETY: All fields are pointers and numbers that can be zero.
                raw: Opaque::new(unsafe { zeroed() }),
            }? Error),
            GFP_KERNEL,
        )?;
        let (ids, raw) = (driver.ids.get(), driver.raw.get());

        // SAFETY: Both are pinned. The driver is unregistered before they go away.
        let ret = unsafe {
            for (to, from) in (*ids)[0].name.iter_mut().zip(device.to_bytes()) {
                *to = (*from).into();
            }
            (*raw).name = name.as_char_ptr();
            (*raw).id_table = ids.cast();
            (*raw).probe = Some(Self::probe);
            bindings::__auxiliary_driver_register(
                raw,
                this.as_ptr(),
                c"overdrive_buses".as_char_ptr(),
            )
        };

        if let Err(err) = to_result(ret) {
            // Not registered: not to be unregistered.
            core::mem::forget(driver);
            return Err(err);
        }
        Ok(driver)
    }

    unsafe extern "C" fn probe(
        _: *mut bindings::auxiliary_device,
        _: *const bindings::auxiliary_device_id,
    ) -> c_int {
        PROBED.add(1, Relaxed);
        0
    }
}

#[pinned_drop]
impl PinnedDrop for AuxiliaryDriver {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: `new` registered it.
        unsafe { bindings::auxiliary_driver_unregister(self.raw.get()) };
    }
}

/// A registered device; dropping it removes it.
struct Device(*mut bindings::device);

// SAFETY: A device can be removed by any thread.
unsafe impl Send for Device {}
// SAFETY: Nothing can be had through a shared reference.
unsafe impl Sync for Device {}

impl Device {
    /// A device on one of this module's buses.
    fn on(bus: &Bus, name: &'static CStr) -> Result<Self> {
        // SAFETY: All fields are pointers and numbers that can be zero.
        let dev: KBox<bindings::device> = KBox::new(unsafe { zeroed() }, GFP_KERNEL)?;
        let dev = KBox::into_raw(dev);

        // SAFETY: `release` frees it when nobody refers to it any more.
        to_result(unsafe {
            (*dev).bus = bus.raw();
            (*dev).init_name = name.as_char_ptr();
            (*dev).release = Some(release::<bindings::device>);
            bindings::device_register(dev)
        })
        .inspect_err(|_| {
            // SAFETY: Registering takes the reference that is given up here, even when it fails.
            unsafe { bindings::put_device(dev) }
        })?;
        Ok(Self(dev))
    }

    /// A device on the auxiliary bus.
    fn auxiliary(parent: &Faux, id: u32) -> Result<Self> {
        // SAFETY: All fields are pointers and numbers that can be zero.
        let aux: KBox<bindings::auxiliary_device> = KBox::new(unsafe { zeroed() }, GFP_KERNEL)?;
        let aux = KBox::into_raw(aux);

        // SAFETY: `release` frees it when nobody refers to it any more. The parent is removed later.
        unsafe {
            let dev = &raw mut (*aux).dev;

            (*aux).name = c"dev".as_char_ptr();
            (*aux).id = id;
            (*dev).parent = &raw mut (*parent.0).dev;
            (*dev).release = Some(release::<bindings::auxiliary_device>);
            if let Err(err) = to_result(bindings::auxiliary_device_init(aux)) {
                drop(KBox::from_raw(aux));
                return Err(err);
            }
            to_result(bindings::__auxiliary_device_add(
                aux,
                c"overdrive_buses".as_char_ptr(),
            ))
            .inspect_err(|_| bindings::put_device(dev))?;
            Ok(Self(dev))
        }
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // SAFETY: It is registered.
        unsafe { bindings::device_unregister(self.0) };
    }
}

/// Frees a device that is the first field of a boxed `T`.
unsafe extern "C" fn release<T>(dev: *mut bindings::device) {
    // SAFETY: It came from `KBox::into_raw`, and nobody refers to it any more.
    drop(unsafe { KBox::<T>::from_raw(dev.cast()) });
}

/// A parent for devices.
struct Faux(*mut bindings::faux_device);

// SAFETY: It can be removed by any thread.
unsafe impl Send for Faux {}
// SAFETY: Nothing can be had through a shared reference.
unsafe impl Sync for Faux {}

impl Faux {
    fn new(name: &CStr) -> Result<Self> {
        // SAFETY: The name is copied.
        let faux = unsafe {
            bindings::faux_device_create(
                name.as_char_ptr(),
                core::ptr::null_mut(),
                core::ptr::null(),
            )
        };

        if faux.is_null() {
            return Err(ENODEV);
        }
        Ok(Self(faux))
    }
}

impl Drop for Faux {
    fn drop(&mut self) {
        // SAFETY: `new` created it.
        unsafe { bindings::faux_device_destroy(self.0) };
    }
}

/// A redirect of `device_match_any()` that goes on where it was.
struct Redirect(Pin<KBox<Opaque<bindings::ftrace_ops>>>);

// SAFETY: ftrace takes care of itself.
unsafe impl Send for Redirect {}

impl Redirect {
    fn new() -> Result<Self> {
        // SAFETY: All fields are pointers and numbers that can be zero.
        let ops = KBox::pin(Opaque::new(unsafe { zeroed() }), GFP_KERNEL)?;
        let raw: *mut bindings::ftrace_ops = ops.get();

        // SAFETY: The struct is pinned, and unregistered before it goes away.
        unsafe {
            (*raw).func = Some(Self::callback);
            (*raw).flags = bindings::FTRACE_OPS_FL_IPMODIFY as usize;
            to_result(bindings::ftrace_set_filter_ip(
                raw,
                match_any() as usize,
                0,
                0,
            ))?;
            to_result(bindings::register_ftrace_function(raw))
                .inspect_err(|_| bindings::ftrace_free_filter(raw))?;
        }
        Ok(Self(ops))
    }

    unsafe extern "C" fn callback(
        _: usize,
        _: usize,
        _: *mut bindings::ftrace_ops,
        _: *mut bindings::ftrace_regs,
    ) {
    }
}

impl Drop for Redirect {
    fn drop(&mut self) {
        // SAFETY: `new` registered it.
        unsafe {
            bindings::unregister_ftrace_function(self.0.get());
            bindings::ftrace_free_filter(self.0.get());
        }
    }
}

/// A thing that is there or not, as a file says: it is made, and dropped.
#[pin_data]
struct Switch<T: Unpin, F: Fn() -> Result<T>> {
    #[pin]
    state: Mutex<Option<T>>,
    make: F,
}

impl<T: Unpin, F: Fn() -> Result<T>> Switch<T, F> {
    fn new(state: Option<T>, make: F) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            state <- new_mutex!(state),
            make,
        })
    }
}

impl<T: Unpin, F: Fn() -> Result<T>> fmt::Debug for Switch<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&u8::from(self.state.lock().is_some()), f)
    }
}

impl<T: Unpin, F: Fn() -> Result<T>> debugfs::Reader for Switch<T, F> {
    fn read_from_slice(&self, reader: &mut UserSliceReader) -> Result {
        let wanted = Atomic::<i32>::new(0);
        let mut state = self.state.lock();

        wanted.read_from_slice(reader)?;
        if wanted.load(Relaxed) == 0 {
            *state = None;
        } else if state.is_none() {
            *state = Some((self.make)()?);
        }
        Ok(())
    }
}

/// The number of probes.
struct Probed;

impl fmt::Debug for Probed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&PROBED.load(Relaxed), f)
    }
}

/// A file that is kept for being dropped.
trait Keep: Send + Sync {}

impl<T: Send + Sync> Keep for T {}

fn keep<T: Send + Sync + 'static, E>(init: impl PinInit<T, E>) -> Result<KBox<dyn Keep>>
where
    Error: From<E>,
{
    Ok(KBox::new(KBox::pin_init(init, GFP_KERNEL)?, GFP_KERNEL)?)
}

/// The loaded module. Devices go first, then drivers, then buses.
struct TestBuses {
    _files: [KBox<dyn Keep>; 3],
    _dir: debugfs::Dir,
    _devices: [Device; 4],
    _parent: Arc<Faux>,
    _auxiliary_drivers: [Pin<KBox<AuxiliaryDriver>>; 2],
    _drivers: [Pin<KBox<Driver>>; 6],
    _buses: [Bus; 5],
}

impl kernel::Module for TestBuses {
    fn init(this: &'static ThisModule) -> Result<Self> {
        let x = Bus::new(0, c"test-x", Some(match_any()))?;
        let y = Bus::new(1, c"test-y", Some(match_any()))?;
        let native = Bus::register(4, c"test-native", Some(match_native), true)?;
        let drivers = [
            Driver::new(c"test-a", &x, this)?,
            Driver::new(c"test-b", &x, this)?,
            Driver::new(c"test-a", &y, this)?,
            Driver::new(c"test-b", &y, this)?,
            Driver::new(c"test-a", &native, this)?,
            Driver::new(c"test-b", &native, this)?,
        ];
        let auxiliary_drivers = [
            AuxiliaryDriver::new(c"ours", c"overdrive_buses.dev", this)?,
            AuxiliaryDriver::new(c"foreign", c"overdrive_buses.other", this)?,
        ];
        let parent = Arc::new(Faux::new(c"overdrive_buses")?, GFP_KERNEL)?;
        let devices = [
            Device::on(&x, c"x0")?,
            Device::on(&y, c"y0")?,
            Device::on(&native, c"n0")?,
            Device::auxiliary(&parent, 0)?,
        ];
        let plugged = {
            let parent = parent.clone();

            Switch::new(Some(Device::auxiliary(&parent, 1)?), move || {
                Device::auxiliary(&parent, 1)
            })
        };
        let dir = debugfs::Dir::new(c"overdrive_buses");

        // A number or a reference to it, by the series.
        if module_parameters::fail.value().ne(&0) {
            return Err(ENODEV);
        }
        Ok(Self {
            _files: [
                keep(dir.read_write_file(c"plugged", plugged))?,
                keep(dir.read_write_file(c"redirect", Switch::new(None, Redirect::new)))?,
                keep(dir.read_only_file(c"probed", Probed))?,
            ],
            _dir: dir,
            _devices: devices,
            _parent: parent,
            _auxiliary_drivers: auxiliary_drivers,
            _drivers: drivers,
            _buses: [
                x,
                y,
                Bus::new(2, c"test-no-match", None)?,
                Bus::new(3, c"test-untraceable", Some(match_none))?,
                native,
            ],
        })
    }
}
