// SPDX-License-Identifier: GPL-2.0

//! Stands for `kernel::sync::atomic`. The values are changed under a lock, so that a scheduler that
//! tries interleavings has nothing to try here.

use std::sync::atomic::{AtomicBool, Ordering};

pub struct Relaxed;

pub struct Atomic<T>(AtomicBool, std::marker::PhantomData<T>);

impl Atomic<bool> {
    pub const fn new(value: bool) -> Self {
        Self(AtomicBool::new(value), std::marker::PhantomData)
    }

    pub fn load(&self, _: Relaxed) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub fn store(&self, value: bool, _: Relaxed) {
        self.0.store(value, Ordering::Relaxed);
    }
}
