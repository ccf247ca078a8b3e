// SPDX-License-Identifier: GPL-2.0

//! Stands for `kernel::prelude`.

use std::ops::{Deref, DerefMut};

pub use overdrive_kunit::kunit_tests;
pub use std::format_args as fmt;

/// An error number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error(i32);

macro_rules! errors {
    ($($name:ident = $value:literal,)*) => {
        $(pub const $name: Error = Error(-$value);)*
    };
}

errors! {
    EINTR = 4,
    EIO = 5,
    E2BIG = 7,
    EAGAIN = 11,
    ENOMEM = 12,
    EBUSY = 16,
    EEXIST = 17,
    ENODEV = 19,
    EINVAL = 22,
}

pub type Result<T = (), E = Error> = core::result::Result<T, E>;

pub use crate::alloc::AllocError;

impl From<AllocError> for Error {
    fn from(_: AllocError) -> Self {
        ENOMEM
    }
}

/// An index beyond the end.
#[derive(Clone, Copy, Debug)]
pub struct RemoveError;

/// Allocation flags mean nothing here.
#[derive(Clone, Copy)]
pub struct Flags;

pub const GFP_KERNEL: Flags = Flags;

#[derive(Debug)]
pub struct KBox<T>(Box<T>);

impl<T> KBox<T> {
    pub fn new(value: T, _: Flags) -> Result<Self, AllocError> {
        Ok(Self(Box::new(value)))
    }
}

impl<T> Deref for KBox<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for KBox<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

#[derive(Debug)]
pub struct KVec<T>(Vec<T>);

pub type KVVec<T> = KVec<T>;

impl<T> Default for KVec<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Deref for KVec<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> DerefMut for KVec<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<T> IntoIterator for KVec<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a KVec<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<T> KVec<T> {
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    pub fn with_capacity(capacity: usize, _: Flags) -> Result<Self, AllocError> {
        Ok(Self(Vec::with_capacity(capacity)))
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn as_slice(&self) -> &[T] {
        &self.0
    }

    pub fn reserve(&mut self, additional: usize, _: Flags) -> Result<(), AllocError> {
        self.0.reserve(additional);
        Ok(())
    }

    pub fn push(&mut self, value: T, _: Flags) -> Result<(), AllocError> {
        self.0.push(value);
        Ok(())
    }

    pub fn insert_within_capacity(&mut self, at: usize, value: T) -> Result<(), T> {
        if at > self.0.len() || self.0.len() == self.0.capacity() {
            return Err(value);
        }
        self.0.insert(at, value);
        Ok(())
    }

    pub fn remove(&mut self, at: usize) -> Result<T, RemoveError> {
        if at >= self.0.len() {
            return Err(RemoveError);
        }
        Ok(self.0.remove(at))
    }
}

impl<T: Clone> KVec<T> {
    pub fn extend_from_slice(&mut self, other: &[T], _: Flags) -> Result<(), AllocError> {
        self.0.extend_from_slice(other);
        Ok(())
    }
}
