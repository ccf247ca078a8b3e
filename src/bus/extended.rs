// SPDX-License-Identifier: GPL-2.0

//! Buses that don't honour the override, and do so while they are extended.
//!
//! The bus's match function is hooked. With [`Scope::Restrict`], a device with an override can have
//! the driver that the override names, if the bus agrees, and no other. With [`Scope::Force`], it can
//! have that driver whether the bus agrees or not, where [`force`] says that this is safe.

use super::{
    force::{
        self,
        Devices, //
    },
    native, //
};
use crate::abstractions::{
    bus::{
        self,
        Bus, //
    },
    bus_match::{
        BusOwner,
        Function,
        Hook,
        MatchHook, //
    },
    device::Driver,
    driver_override,
    errno::eopnotsupp,
    global::{
        Global,
        Published, //
    }, //
};
use kernel::{
    alloc::AllocError,
    device::Device,
    prelude::*,
    sync::{
        new_mutex,
        new_spinlock,
        Arc,
        Mutex,
        SpinLock, //
    }, //
};

static BUSES: Global<Arc<Buses>> = Global::new();

/// Which drivers a device with an override can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The one that is named, if the bus matches them.
    Restrict,
    /// The one that is named.
    Force,
}

impl Scope {
    /// The devices of the bus that can have the driver that is named without a match.
    fn forced(self, bus: &[u8]) -> Result<Option<Devices>, ExtendError> {
        match self {
            Self::Restrict => Ok(None),
            Self::Force => force::devices(bus).map(Some).map_err(ExtendError::NoForce),
        }
    }

    /// Its name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Restrict => "restrict",
            Self::Force => "force",
        }
    }
}

impl TryFrom<&[u8]> for Scope {
    type Error = Error;

    fn try_from(name: &[u8]) -> Result<Self> {
        match name {
            b"restrict" => Ok(Self::Restrict),
            b"force" => Ok(Self::Force),
            _ => Err(EINVAL),
        }
    }
}

/// The reason for which a bus can't be extended, or not be extended so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExtendError {
    /// There is no such bus.
    Unknown,
    /// It honours overrides itself.
    Native,
    /// It is extended already.
    Extended,
    /// Without a match function, it lets every driver have every device.
    NoMatch,
    /// The kernel can't redirect its match function.
    NotTraceable,
    /// Somebody else redirected its match function.
    Taken,
    /// A device that its bus doesn't match with a driver must not be forced on it.
    NoForce(&'static str),
    /// Something else.
    Failed(Error),
}

impl ExtendError {
    /// Returns the error that a user is told.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Unknown => "no such bus",
            Self::Native => "it has driver_override itself",
            Self::Extended => "it is extended already",
            Self::NoMatch => "it has no match function",
            Self::NotTraceable => "its match function can't be traced",
            Self::Taken => "somebody else redirects its match function",
            Self::NoForce(reason) => reason,
            Self::Failed(_) => "it can't be extended",
        }
    }
}

impl From<Error> for ExtendError {
    fn from(err: Error) -> Self {
        Self::Failed(err)
    }
}

impl From<AllocError> for ExtendError {
    fn from(err: AllocError) -> Self {
        Self::Failed(err.into())
    }
}

impl From<ExtendError> for Error {
    fn from(refusal: ExtendError) -> Self {
        match refusal {
            ExtendError::Unknown => ENODEV,
            ExtendError::Native | ExtendError::Extended => EEXIST,
            ExtendError::NoMatch | ExtendError::NotTraceable | ExtendError::NoForce(_) => {
                eopnotsupp()
            }
            ExtendError::Taken => EBUSY,
            ExtendError::Failed(err) => err,
        }
    }
}

/// Answers for extended buses.
enum OverrideMatch {}

impl MatchHook for OverrideMatch {
    fn matches(dev: &Device, drv: &Driver) -> Result<bool> {
        matches(dev, drv)
    }
}

/// Tells whether the device can have the driver, as the driver core is told.
pub(super) fn matches(dev: &Device, drv: &Driver) -> Result<bool> {
    let Some(forced) = BUSES
        .get()
        .and_then(|buses| buses.find(bus::Id::of(dev), |entry| entry.forced))
    else {
        return drv.matches(dev);
    };

    match driver_override::with(dev, |name| name.map(|name| name == drv.name())) {
        Some(false) => Ok(false),
        Some(true) if forced.is_some_and(|it| it.contains(dev.name().to_bytes())) => Ok(true),
        Some(true) | None => drv.matches(dev),
    }
}

/// An extended bus, in the list of all.
struct Entry {
    bus: bus::Id,
    /// The devices that can have a driver without a match, if the scope is [`Scope::Force`].
    forced: Option<Devices>,
    hook: Arc<Hook<OverrideMatch>>,
}

/// The extended buses.
#[pin_data]
pub(crate) struct Buses {
    this: &'static ThisModule,
    /// Held while the list is changed.
    #[pin]
    changing: Mutex<()>,
    /// Locked by those who ask for a match, as the last of all locks.
    #[pin]
    entries: SpinLock<KVec<Entry>>,
}

impl Buses {
    /// Makes an empty list.
    pub(crate) fn new(this: &'static ThisModule) -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                this,
                changing <- new_mutex!((), "overdrive_buses_changing"),
                entries <- new_spinlock!(KVec::new(), "overdrive_buses"),
            }),
            GFP_KERNEL,
        )
    }

    /// Makes this the list that matches are looked up in, until the guard is dropped.
    pub(crate) fn publish(self: Arc<Self>) -> Result<Published<Arc<Self>>> {
        BUSES.publish(self)
    }

    /// The list that matches are looked up in.
    ///
    /// # Errors
    ///
    /// `ENODEV` while the module starts or stops.
    pub(crate) fn published() -> Result<Arc<Self>> {
        BUSES.get().ok_or(ENODEV)
    }

    /// Extends the bus called `name`.
    ///
    /// # Errors
    ///
    /// See [`ExtendError`].
    pub(crate) fn extend(
        self: &Arc<Self>,
        name: &[u8],
        scope: Scope,
    ) -> Result<Extended, ExtendError> {
        let bus = super::find(name)?.ok_or(ExtendError::Unknown)?;

        if native::is_native(name)? {
            return Err(ExtendError::Native);
        }
        let forced = scope.forced(name)?;

        let _changing = self.changing.lock();

        if self.find(bus.id(), |_| ()).is_some() {
            return Err(ExtendError::Extended);
        }
        let owner = BusOwner::of(self.this, &bus)?;
        let hook = self.hook(&bus)?;
        let len = self.entries.lock().len();
        let mut entries = KVec::with_capacity(len + 1, GFP_KERNEL)?;
        let entry = Entry {
            bus: bus.id(),
            forced,
            hook,
        };

        // Nothing can be allocated with the list locked, so that it is moved into a larger one. Only
        // who holds `changing` makes it longer: there is room.
        let old = {
            let mut list = self.entries.lock();

            for entry in Iterator::chain(list.drain_all(), [entry]) {
                let _ = entries.push_within_capacity(entry);
            }
            core::mem::replace(&mut *list, entries)
        };
        drop(old);
        Ok(Extended {
            buses: self.clone(),
            bus,
            _owner: owner,
        })
    }

    /// Returns `true` if the bus called `name` is extended.
    pub(super) fn is_extended(&self, name: &[u8]) -> Result<bool> {
        let bus = super::find(name)?;

        Ok(bus.is_some_and(|bus| self.find(bus.id(), |_| ()).is_some()))
    }

    /// Asks the entry of a bus something, if it is extended.
    fn find<R>(&self, bus: bus::Id, ask: impl FnOnce(&Entry) -> R) -> Option<R> {
        let entries = self.entries.lock();
        let entry = entries.iter().find(|entry| entry.bus == bus);

        entry.map(ask)
    }

    /// A hook for the bus: the one that a bus with the same match function has, or a new one.
    fn hook(&self, bus: &Bus) -> Result<Arc<Hook<OverrideMatch>>, ExtendError> {
        let function = Function::of(bus).ok_or(ExtendError::NoMatch)?;
        let shared = {
            let entries = self.entries.lock();
            let entry = entries.iter().find(|entry| entry.hook.redirects(function));

            entry.map(|entry| entry.hook.clone())
        };
        if let Some(hook) = shared {
            return Ok(hook);
        }

        let hook = Hook::new(self.this, function).map_err(|err| match err {
            EINVAL => ExtendError::NotTraceable,
            EBUSY => ExtendError::Taken,
            err => ExtendError::Failed(err),
        })?;

        Ok(Arc::new(hook, GFP_KERNEL)?)
    }

    fn remove(&self, bus: bus::Id) {
        let _changing = self.changing.lock();
        let removed = {
            let mut entries = self.entries.lock();
            let at = entries.iter().position(|entry| entry.bus == bus);

            at.and_then(|at| entries.remove(at).ok())
        };

        // With it, the hook, if no other bus has it. That sleeps.
        drop(removed);
    }
}

/// An extended bus; dropping it undoes that.
pub(crate) struct Extended {
    buses: Arc<Buses>,
    bus: Bus,
    _owner: BusOwner,
}

impl Extended {
    /// The bus.
    pub(crate) fn bus(&self) -> &Bus {
        &self.bus
    }

    /// Which drivers a device with an override can have.
    pub(crate) fn scope(&self) -> Scope {
        match self.buses.find(self.bus.id(), |entry| entry.forced) {
            Some(Some(_)) => Scope::Force,
            Some(None) | None => Scope::Restrict,
        }
    }

    /// Changes that.
    ///
    /// # Errors
    ///
    /// [`ExtendError::NoForce`].
    pub(crate) fn set_scope(&self, scope: Scope) -> Result<(), ExtendError> {
        let forced = scope.forced(self.bus.name())?;
        let mut entries = self.buses.entries.lock();

        for entry in entries
            .iter_mut()
            .filter(|entry| entry.bus == self.bus.id())
        {
            entry.forced = forced;
        }
        Ok(())
    }
}

impl Drop for Extended {
    fn drop(&mut self) {
        self.buses.remove(self.bus.id());
    }
}
