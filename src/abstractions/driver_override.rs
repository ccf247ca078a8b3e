// SPDX-License-Identifier: GPL-2.0

//! The driver override that the driver core keeps for every device.
//!
//! `device_set_driver_override()` allocates, so that it can fail when something is to be put back as
//! it was, and it replaces whatever is there. Here the strings are made beforehand, and exchanged
//! under the lock that the field has for this.
//!
//! An override whose origin is remembered, be it a rule or the kernel, is an object of a cache of its
//! own. As nothing else ever has an address from there, the override of a device is still that one if it
//! is where that was put, and somebody else's if not, whatever it says.
//!
//! C header: [`include/linux/device.h`](srctree/include/linux/device.h)

use super::{
    device::{
        as_raw,
        text_or_empty, //
    },
    global::{
        Global,
        Published, //
    },
};
use crate::bindings;
use core::ptr::NonNull;
use kernel::{
    device::{
        self,
        Device, //
    },
    prelude::*, //
};

/// An override that is set at no device.
///
/// # Invariants
///
/// Points to a NUL-terminated string that `kfree()` takes, and that nobody else points to.
pub(crate) struct Override(NonNull<c_char>);

// SAFETY: It owns what it points to.
unsafe impl Send for Override {}

impl Override {
    /// Makes an override of `name`, which must have no NUL in it.
    pub(crate) fn new(name: &[u8]) -> Result<Self> {
        // SAFETY: As many bytes as the length says can be read.
        let text =
            unsafe { bindings::kstrndup(name.as_ptr().cast(), name.len(), bindings::GFP_KERNEL) };

        // INVARIANT: `kstrndup()` allocates this way, and terminates.
        NonNull::new(text).map(Self).ok_or(ENOMEM)
    }

    /// Makes an override of `name` that can be told from all that are not made by this.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the name has a NUL or more than [`DistinctOverrides::MAX_LEN`] bytes, `ENODEV` if there
    /// is no [`DistinctOverrides`], `ENOMEM`.
    pub(crate) fn distinct(name: &[u8]) -> Result<Self> {
        let cache = CACHE.get().ok_or(ENODEV)?;

        if name.len() > DistinctOverrides::MAX_LEN || name.contains(&0) {
            return Err(EINVAL);
        }
        // SAFETY: The cache is there: whoever owns it drops it last.
        let text = unsafe { bindings::overdrive_override_cache_alloc(cache.0.as_ptr()) };
        let text = NonNull::new(text).ok_or(ENOMEM)?;

        // SAFETY: An object has `MAX_LEN` bytes and one more, and is zeroed.
        unsafe {
            core::ptr::copy_nonoverlapping(name.as_ptr(), text.as_ptr().cast(), name.len());
        }
        // INVARIANT: `kfree()` takes objects of any cache. The NUL is one of the zeroes.
        Ok(Self(text))
    }

    /// Returns its token, for recognising it once it is set.
    pub(crate) fn token(&self) -> Token {
        Token(self.0.as_ptr().addr())
    }

    fn into_raw(this: Option<Self>) -> *mut c_char {
        this.map_or(core::ptr::null_mut(), |this| {
            core::mem::ManuallyDrop::new(this).0.as_ptr()
        })
    }
}

impl Drop for Override {
    fn drop(&mut self) {
        // SAFETY: By the type invariants.
        unsafe { bindings::kfree(self.0.as_ptr().cast()) };
    }
}

/// Tells an override from another one that says the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token(usize);

impl Token {
    /// That of no override.
    pub(crate) const NONE: Self = Self(0);

    /// That of an override, if it is one.
    pub(crate) fn of(new: Option<&Override>) -> Self {
        new.map_or(Self::NONE, Override::token)
    }
}

#[derive(Clone, Copy)]
struct Cache(NonNull<bindings::kmem_cache>);

// SAFETY: A cache can be used by any thread.
unsafe impl Send for Cache {}

// SAFETY: As above, by several at once.
unsafe impl Sync for Cache {}

static CACHE: Global<Cache> = Global::new();

/// The cache that overrides come from whose origin is remembered.
///
/// None may be left when it is dropped.
pub(crate) struct DistinctOverrides {
    cache: Cache,
    _published: Published<Cache>,
}

impl DistinctOverrides {
    /// The longest override in bytes.
    pub(crate) const MAX_LEN: usize = 255;

    /// Makes the cache, once for the module.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, `EBUSY` if there was one before.
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: The function has no requirements.
        let cache = unsafe { bindings::overdrive_override_cache_create(Self::MAX_LEN as u32 + 1) };
        let cache = Cache(NonNull::new(cache).ok_or(ENOMEM)?);

        match CACHE.publish(cache) {
            Ok(published) => Ok(Self {
                cache,
                _published: published,
            }),
            Err(err) => {
                // SAFETY: Nobody knows the cache.
                unsafe { bindings::kmem_cache_destroy(cache.0.as_ptr()) };
                Err(err)
            }
        }
    }
}

impl Drop for DistinctOverrides {
    fn drop(&mut self) {
        // SAFETY: `new` made it, and no object is left.
        unsafe { bindings::kmem_cache_destroy(self.cache.0.as_ptr()) };
    }
}

/// Calls `f` with the field while it is locked.
fn locked<R>(dev: &Device, f: impl FnOnce(&mut *const c_char) -> R) -> R {
    let dev = as_raw(dev);

    // SAFETY: `dev` is valid, and the lock was initialised with it. While it is held, nobody else
    // reads or writes the name.
    unsafe {
        bindings::spin_lock(&raw mut (*dev).driver_override.lock);
        let ret = f(&mut (*dev).driver_override.name);
        bindings::spin_unlock(&raw mut (*dev).driver_override.lock);
        ret
    }
}

/// The bytes of the field's value, for as long as it is locked.
fn value(name: &*const c_char) -> Option<&[u8]> {
    // SAFETY: The field is NULL or points to a string, which lives until the field is changed.
    (!name.is_null()).then(|| unsafe { text_or_empty(*name) })
}

/// Exchanges the field.
fn exchange(name: &mut *const c_char, new: Option<Override>) -> Option<Override> {
    let old = core::mem::replace(name, Override::into_raw(new));

    // INVARIANT: The field owned its string, which the driver core allocates with `kstrndup()`.
    NonNull::new(old.cast_mut()).map(Override)
}

/// Calls `f` with the device's override. `f` must not sleep.
pub(crate) fn with<R>(dev: &Device, f: impl FnOnce(Option<&[u8]>) -> R) -> R {
    locked(dev, |name| f(value(name)))
}

/// Returns a copy of the device's override, if it has one of no more than
/// [`DistinctOverrides::MAX_LEN`] bytes, and there is memory.
pub(crate) fn copy(dev: &Device) -> Option<KVec<u8>> {
    // Filled where nothing can be allocated.
    let mut text = KVec::with_capacity(DistinctOverrides::MAX_LEN, GFP_KERNEL).ok()?;

    with(dev, |name| {
        let name = name?;

        name.iter()
            .try_for_each(|&c| text.push_within_capacity(c))
            .ok()
    })?;
    Some(text)
}

/// Sets the device's override, and returns the one it had.
pub(crate) fn replace(dev: &Device, new: Option<Override>) -> Option<Override> {
    locked(dev, |name| exchange(name, new))
}

/// Sets the device's override if it is as expected.
///
/// # Errors
///
/// Hands `new` back if it is not.
pub(crate) fn replace_if(
    dev: &Device,
    expected: Option<&[u8]>,
    new: Option<Override>,
) -> Result<Option<Override>, Option<Override>> {
    locked(dev, |name| {
        if value(name) == expected {
            Ok(exchange(name, new))
        } else {
            Err(new)
        }
    })
}

/// Returns the token of the device's override.
pub(crate) fn token(dev: &Device) -> Token {
    locked(dev, |name| Token(name.addr()))
}

/// Sets the device's override if it is the one with that token.
///
/// # Errors
///
/// Hands `new` back if it is not.
pub(crate) fn replace_token(
    dev: &Device,
    expected: Token,
    new: Option<Override>,
) -> Result<Option<Override>, Option<Override>> {
    locked(dev, |name| {
        if Token(name.addr()) == expected {
            Ok(exchange(name, new))
        } else {
            Err(new)
        }
    })
}

/// Returns whether the override of `dev` is set, and names the driver that `dev` is bound to or is
/// being probed by.
pub(crate) fn names_current_driver(dev: &Device<device::Core<'_>>) -> bool {
    let dev = core::ptr::from_ref(dev).cast_mut().cast();

    // SAFETY: `device::Device` is a transparent wrapper of `struct device`, so that `dev` is a valid
    // pointer to one. The `Core` context exists in callbacks of the driver core only, which holds
    // the device lock around them: `dev->driver` is set and stays so for the duration of this call.
    let ret: c_int = unsafe { bindings::overdrive_device_match_driver_override(dev) };

    ret > 0
}
