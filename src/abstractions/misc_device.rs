// SPDX-License-Identifier: GPL-2.0

//! Miscellaneous character devices: a node in `/dev` with a state for each open file.
//!
//! The `kernel` crate's abstraction does not set the owner of the file operations on all series: the
//! module could be unloaded while a file is open.
//!
//! C header: [`include/linux/miscdevice.h`](srctree/include/linux/miscdevice.h)

use crate::bindings;
use core::marker::PhantomData;
use kernel::{
    error::to_result,
    prelude::*,
    str::CStrExt,
    sync::Arc,
    types::{
        ForeignOwnable,
        Opaque, //
    },
    uaccess::{
        UserPtr,
        UserSlice,
        UserSliceReader,
        UserSliceWriter, //
    }, //
};

/// An open file. Several threads can be in its methods at the same time.
pub(crate) trait OpenFile: Sized + Send + Sync + 'static {
    /// Opens one.
    ///
    /// # Errors
    ///
    /// Why it can't be opened.
    fn open() -> Result<Arc<Self>>;

    /// Writes what is read to `to`, and returns its length.
    ///
    /// # Errors
    ///
    /// `EFAULT`, and others.
    fn read(&self, to: UserSliceWriter) -> Result<usize>;

    /// Takes what was written, all of it.
    ///
    /// # Errors
    ///
    /// `EFAULT`, and others.
    fn write(&self, from: UserSliceReader) -> Result;

    /// Called when the last descriptor is closed. Must not wait.
    fn release(&self);
}

/// The registration of a node; dropping it removes the node. No file is open then: each keeps the module
/// loaded.
///
/// # Invariants
///
/// `device` is registered, with `operations`.
#[pin_data(PinnedDrop)]
pub(crate) struct MiscDevice<F: OpenFile> {
    #[pin]
    operations: Opaque<bindings::file_operations>,
    #[pin]
    device: Opaque<bindings::miscdevice>,
    _file: PhantomData<fn() -> F>,
}

// SAFETY: It can be unregistered by any thread.
unsafe impl<F: OpenFile> Send for MiscDevice<F> {}

// SAFETY: Nothing can be had through a shared reference.
unsafe impl<F: OpenFile> Sync for MiscDevice<F> {}

impl<F: OpenFile> MiscDevice<F> {
    /// Registers the node `/dev/NAME` with these permissions.
    pub(crate) fn new(
        name: &'static CStr,
        mode: u16,
        module: &'static ThisModule,
    ) -> impl PinInit<Self, Error> {
        try_pin_init!(&this in Self {
            operations: Opaque::new(bindings::file_operations {
                owner: module.as_ptr(),
                open: Some(Self::open),
                release: Some(Self::release),
                read: Some(Self::read),
                write: Some(Self::write),
                ..Default::default()
            }),
            device <- Opaque::try_ffi_init(move |slot: *mut bindings::miscdevice| {
                // SAFETY: The operations are initialised, and pinned next to `slot`, which is valid
                // for writes. `PinnedDrop` unregisters the device before both go away.
                to_result(unsafe {
                    slot.write(bindings::miscdevice {
                        minor: bindings::MISC_DYNAMIC_MINOR as c_int,
                        name: name.as_char_ptr(),
                        fops: Opaque::cast_into(&raw const (*this.as_ptr()).operations),
                        mode,
                        ..Default::default()
                    });
                    bindings::misc_register(slot)
                })
            }),
            _file: PhantomData,
        })
    }

    extern "C" fn open(_: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        match F::open() {
            Ok(this) => {
                // SAFETY: The private data is for whoever opens the file.
                unsafe { (*file).private_data = this.into_foreign().cast() };
                0
            }
            Err(err) => err.to_errno(),
        }
    }

    extern "C" fn release(_: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: `open` has put it there, and nobody else uses the file anymore.
        let this = unsafe { Arc::<F>::from_foreign((*file).private_data.cast()) };

        this.release();
        0
    }

    extern "C" fn read(
        file: *mut bindings::file,
        buffer: *mut c_char,
        len: usize,
        _: *mut bindings::loff_t,
    ) -> isize {
        // SAFETY: `open` has put it there, and `release` is not called before this returns.
        let this = unsafe { Arc::<F>::borrow((*file).private_data.cast()) };
        let to = UserSlice::new(UserPtr::from_ptr(buffer.cast()), len).writer();

        into_ssize(this.read(to))
    }

    extern "C" fn write(
        file: *mut bindings::file,
        buffer: *const c_char,
        len: usize,
        _: *mut bindings::loff_t,
    ) -> isize {
        // SAFETY: As above.
        let this = unsafe { Arc::<F>::borrow((*file).private_data.cast()) };
        let from = UserSlice::new(UserPtr::from_ptr(buffer.cast_mut().cast()), len).reader();

        into_ssize(this.write(from).map(|()| len))
    }
}

#[pinned_drop]
impl<F: OpenFile> PinnedDrop for MiscDevice<F> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariants.
        unsafe { bindings::misc_deregister(self.device.get()) };
    }
}

fn into_ssize(ret: Result<usize>) -> isize {
    match ret {
        Ok(len) => isize::try_from(len).unwrap_or(isize::MAX),
        Err(err) => err.to_errno() as isize,
    }
}
