// SPDX-License-Identifier: GPL-2.0

//! The services that the engine runs on.

use super::{
    End,
    Term,
    Transaction, //
};
use crate::device::marks::Marks;
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// The place of a lock among others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// Others can be taken while it is held.
    Outer,
    /// None can.
    Inner,
}

/// A value under a lock, with those who wait for it to change.
pub(crate) trait Monitor<T>: Sized + Send + Sync {
    /// Makes one.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    fn new(value: T, level: Level) -> Result<Self>;

    /// Calls `f` with the value, locked.
    fn with<U>(&self, f: impl FnOnce(&mut T) -> U) -> U;

    /// Calls `f` with the value, locked, and wakes those who wait.
    fn update<U>(&self, f: impl FnOnce(&mut T) -> U) -> U;

    /// Waits until `f`, which is called with the value locked, returns something.
    ///
    /// The wait does not keep the task from being frozen.
    ///
    /// # Errors
    ///
    /// `EINTR` if a fatal signal arrives.
    fn wait<U>(&self, f: impl FnMut(&mut T) -> Option<U>) -> Result<U>;

    /// Waits likewise, for so many milliseconds at most, and whatever signals arrive.
    fn wait_timeout<U>(&self, msecs: u32, f: impl FnMut(&mut T) -> Option<U>) -> Option<U>;
}

/// When a task is to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// At once.
    Now,
    /// In a moment: something is in the way that nobody tells of when it is gone.
    Later,
}

/// A device in a transaction: what the driver core can be asked to do with it.
///
/// No method is called twice at the same time for a device.
pub(crate) trait Member: Send + Sync {
    /// The part of the lock that is the device's.
    fn marks(&self) -> &Marks;

    /// Validates, remembers the device's driver and override, and allocates all that is needed to put
    /// them back.
    ///
    /// # Errors
    ///
    /// Why the device can't be moved.
    fn prepare(&self) -> Result;

    /// Sets the new override.
    fn enter(&self);

    /// Takes the device from its driver, unless it is where it is to go already.
    fn release(&self);

    /// Binds the device, if it was released, and verifies that it is bound.
    ///
    /// # Errors
    ///
    /// What the probe returned, or why it is not bound to what was asked for.
    fn attach(&self) -> Result;

    /// Takes a device that was released from its new driver, and names the old one in the override.
    fn withdraw(&self);

    /// Binds a device that was released to the driver from before, and puts its override back.
    fn reattach(&self);

    /// Takes note that the loan has ended and the device is about to go back.
    fn returning(&self);

    /// Takes note of the end, and tells it.
    fn finish(&self, end: End);
}

/// Locks, waiting, tasks and the driver core.
pub(crate) trait Runtime: Sized + Send + Sync + 'static {
    /// A value that can be waited for.
    type Monitor<T: Send + Unpin>: Monitor<T>;

    /// A device in a transaction.
    type Member: Member;

    /// Doors to users that are closed; dropping it opens them.
    type Doors: Send + Unpin;

    /// A task that can be started again and again, each time it has ended.
    type Task: Send + Sync;

    /// A reference that keeps the code in memory for as long as a transaction exists.
    type Keep: Send + Sync;

    /// Makes a task for the device at `index` of a transaction.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    fn task(index: usize) -> Result<Self::Task>;

    /// Starts a task, which calls [`Transaction::run`]. Allocates nothing and waits for nothing.
    fn start(task: &Self::Task, transaction: Arc<Transaction<Self>>, when: When);

    /// Called when a transaction has locked its devices.
    fn begins(_members: &[Self::Member], _term: Term) {}

    /// Keeps users from opening the devices, if none has any open.
    ///
    /// # Errors
    ///
    /// The position of the device that is in the way, with `EBUSY`.
    fn close_doors(members: &[Self::Member]) -> Result<Self::Doors, (usize, Error)>;
}
