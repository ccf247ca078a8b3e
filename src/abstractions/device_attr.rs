// SPDX-License-Identifier: GPL-2.0

//! Attributes of devices in sysfs.
//!
//! C headers: [`include/linux/device.h`](srctree/include/linux/device.h),
//! [`include/linux/sysfs.h`](srctree/include/linux/sysfs.h)

use super::device::as_raw;
use crate::bindings;
use core::marker::PhantomData;
use kernel::{
    device::Device,
    error::to_result,
    fmt::Write,
    page::PAGE_SIZE,
    prelude::*,
    str::Formatter,
    types::Opaque, //
};

/// An attribute: one file.
pub(crate) trait Attribute: 'static {
    /// The file's name.
    const NAME: &'static CStr;

    /// The permissions of the file.
    const MODE: u16;

    /// Writes what is read from the file into `page`, and returns its length.
    fn show(_dev: &Device, _page: &mut [u8; PAGE_SIZE]) -> Result<usize> {
        Err(EIO)
    }

    /// Takes what was written to the file.
    fn store(_dev: &Device, _text: &[u8]) -> Result {
        Err(EIO)
    }
}

/// The C struct of an attribute, in a static.
pub(crate) struct DeviceAttribute<A: Attribute>(Opaque<bindings::device_attribute>, PhantomData<A>);

// SAFETY: The driver core reads it only.
unsafe impl<A: Attribute> Sync for DeviceAttribute<A> {}

impl<A: Attribute> DeviceAttribute<A> {
    /// Makes the struct.
    pub(crate) const fn new() -> Self {
        Self(
            Opaque::new(bindings::device_attribute {
                attr: attribute::<A>(),
                __bindgen_anon_1: bindings::device_attribute__bindgen_ty_1 {
                    show: Some(Self::show),
                },
                __bindgen_anon_2: bindings::device_attribute__bindgen_ty_2 {
                    store: Some(Self::store),
                },
            }),
            PhantomData,
        )
    }

    /// For an [`AttributeList`].
    pub(crate) const fn as_ptr(&'static self) -> *mut bindings::attribute {
        // CAST: The attribute is the first field of the `#[repr(C)]` struct.
        self.0.get().cast()
    }

    extern "C" fn show(
        dev: *mut bindings::device,
        _attr: *mut bindings::device_attribute,
        buf: *mut c_char,
    ) -> isize {
        // SAFETY: sysfs keeps the device alive during the call.
        let dev = unsafe { Device::from_raw(dev) };
        // SAFETY: `buf` is a page, and nobody else's during the call.
        let page = unsafe { &mut *buf.cast::<[u8; PAGE_SIZE]>() };

        into_ssize(A::show(dev, page))
    }

    extern "C" fn store(
        dev: *mut bindings::device,
        _attr: *mut bindings::device_attribute,
        buf: *const c_char,
        count: usize,
    ) -> isize {
        // SAFETY: sysfs keeps the device alive during the call.
        let dev = unsafe { Device::from_raw(dev) };
        // SAFETY: `buf` has `count` bytes, which nobody changes during the call.
        let text = unsafe { core::slice::from_raw_parts(buf.cast(), count) };

        into_ssize(A::store(dev, text).map(|()| count))
    }
}

/// The part of an attribute that all kinds of them have.
const fn attribute<A: Attribute>() -> bindings::attribute {
    attribute_base(A::NAME, A::MODE)
}

/// An attribute whose callbacks lockdep does not watch.
///
/// A driver that is unbound by a write to one device's attribute can remove other devices, and their
/// attributes; lockdep takes all attributes of one name for the same.
pub(super) const fn attribute_base(name: &'static CStr, mode: u16) -> bindings::attribute {
    // SAFETY: All fields are numbers and pointers that can be zero.
    let mut attribute: bindings::attribute = unsafe { core::mem::zeroed() };

    attribute.name = kernel::str::as_char_ptr_in_const_context(name);
    attribute.mode = mode;
    #[cfg(CONFIG_DEBUG_LOCK_ALLOC)]
    {
        // The only bit is `ignore_lockdep`. Its setter is no `const fn`.
        attribute._bitfield_1 = kernel::bindings::__BindgenBitfieldUnit::new([1]);
    }
    attribute
}

/// Returns the value of a sysfs callback: the length, or a negative errno.
pub(super) fn into_ssize(ret: Result<usize>) -> isize {
    ret.and_then(|len| Ok(isize::try_from(len)?))
        .unwrap_or_else(|err| err.to_errno() as isize)
}

/// The NULL-terminated array of a group's attributes, in a static.
#[repr(transparent)]
pub(crate) struct AttributeList<const N: usize>([*mut bindings::attribute; N]);

// SAFETY: The driver core reads it only, and so it does with what it points to.
unsafe impl<const N: usize> Sync for AttributeList<N> {}

impl<const N: usize> AttributeList<N> {
    /// Makes the array; the last element must be NULL.
    pub(crate) const fn new(attributes: [*mut bindings::attribute; N]) -> Self {
        assert!(N > 0 && attributes[N - 1].is_null());
        Self(attributes)
    }
}

/// Attributes, most often with a directory of their own, in a static.
pub(crate) struct Group(Opaque<bindings::attribute_group>);

// SAFETY: The driver core reads it only.
unsafe impl Sync for Group {}

impl Group {
    /// Makes the group called `name`.
    pub(crate) const fn new<const N: usize>(
        name: &'static CStr,
        attributes: &'static AttributeList<N>,
    ) -> Self {
        // SAFETY: All fields are pointers, which can be NULL, or functions, which can be missing.
        let mut group: bindings::attribute_group = unsafe { core::mem::zeroed() };

        group.name = kernel::str::as_char_ptr_in_const_context(name);
        group.__bindgen_anon_2.attrs = core::ptr::from_ref(attributes).cast_mut().cast();
        Self(Opaque::new(group))
    }

    /// Makes a group whose attributes are in the device's own directory.
    pub(crate) const fn without_directory<const N: usize>(
        attributes: &'static AttributeList<N>,
    ) -> Self {
        // SAFETY: As above.
        let mut group: bindings::attribute_group = unsafe { core::mem::zeroed() };

        group.__bindgen_anon_2.attrs = core::ptr::from_ref(attributes).cast_mut().cast();
        Self(Opaque::new(group))
    }

    /// Adds the attributes to the device, which must be registered.
    pub(crate) fn create(&'static self, dev: &Device) -> Result {
        // SAFETY: Both are valid, the group forever.
        to_result(unsafe {
            bindings::sysfs_create_group(&raw mut (*as_raw(dev)).kobj, self.0.get())
        })
    }

    /// Removes the attributes, and waits until nobody is in a callback of one.
    ///
    /// The device must have had it since [`Group::create`], and still be registered.
    pub(crate) fn remove(&'static self, dev: &Device) {
        // SAFETY: Both are valid.
        unsafe { bindings::sysfs_remove_group(&raw mut (*as_raw(dev)).kobj, self.0.get()) };
    }
}

/// Writes formatted text into a page and returns its length in bytes.
///
/// # Errors
///
/// `EMSGSIZE` if the page is too small.
pub(crate) fn emit(page: &mut [u8; PAGE_SIZE], args: kernel::fmt::Arguments<'_>) -> Result<usize> {
    let mut formatter = Formatter::new(page);

    formatter.write_fmt(args).map_err(|_| EMSGSIZE)?;
    Ok(formatter.bytes_written())
}
