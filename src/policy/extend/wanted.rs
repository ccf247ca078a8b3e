// SPDX-License-Identifier: GPL-2.0

//! Buses that are tracked from load to unload, whenever they come: native ones, and those that are to
//! be extended.
//!
//! A bus that is part of a module can be registered after this module was loaded. It is tracked or
//! extended then, before it has its first device. If its module goes, or fails to load after that, its
//! bus goes with it, and is waited for again.
//!
//! Where `bus_register()` can't be redirected, a bus that is not there at load is left alone, which
//! the kernel log says.

use super::Extension;
use crate::{
    abstractions::{
        bus_register::{
            Hook,
            RegisterHook, //
        },
        device_attr,
        global::{
            Global,
            Published, //
        },
        module::{
            Going,
            GoingHandler,
            GoingNotifier, //
        },
    },
    bus::{
        extended::{
            Buses,
            ExtendError,
            Scope, //
        },
        native, //
    },
    policy::{
        native_buses::NativeBuses,
        Policy, //
    },
};
use kernel::{
    prelude::*,
    str::BStr,
    sync::{
        new_mutex,
        Arc,
        Mutex, //
    }, //
};

static WANTED: Global<Arc<WantedBuses>> = Global::new();

/// A bus that is to be extended.
struct Wanted {
    name: &'static [u8],
    scope: Scope,
    /// A task is extending the bus.
    is_busy: bool,
    /// [`None`] until the bus is registered.
    extension: Option<Extension>,
}

/// The buses that are tracked from load to unload.
#[pin_data]
pub(crate) struct WantedBuses {
    policy: Arc<Policy>,
    buses: Arc<Buses>,
    attributes: &'static [&'static device_attr::Group],
    #[pin]
    native: NativeBuses,
    /// Not locked while a bus is extended, which takes locks of the bus: any bus can be registered with any
    /// lock held.
    #[pin]
    list: Mutex<KVec<Wanted>>,
}

impl WantedBuses {
    /// Makes an empty list. Devices of extended buses get `attributes`, those of native ones
    /// `native_attributes`.
    pub(crate) fn new(
        policy: &Arc<Policy>,
        buses: &Arc<Buses>,
        native_attributes: &'static [&'static device_attr::Group],
        attributes: &'static [&'static device_attr::Group],
    ) -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                policy: policy.clone(),
                buses: buses.clone(),
                attributes,
                native <- NativeBuses::new(policy, native_attributes),
                list <- new_mutex!(KVec::new(), "overdrive_wanted_buses"),
            }),
            GFP_KERNEL,
        )
    }

    /// Extends the bus called `name`, now or when it comes. If it never can be, the kernel log says why.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn add(&self, name: &'static [u8], scope: Scope) -> Result {
        if self.list.lock().iter().any(|bus| bus.name == name) {
            super::log_error(name, ExtendError::Extended);
            return Ok(());
        }
        let extension = match self.extend(name, scope) {
            Ok(extension) => Some(extension),
            Err(ExtendError::Unknown) => None,
            Err(error) => {
                super::log_error(name, error);
                return Ok(());
            }
        };

        let wanted = Wanted {
            name,
            scope,
            is_busy: false,
            extension,
        };

        Ok(self.list.lock().push(wanted, GFP_KERNEL)?)
    }

    fn extend(&self, name: &[u8], scope: Scope) -> Result<Extension, ExtendError> {
        Extension::new(&self.policy, &self.buses, name, scope, self.attributes)
    }

    /// Tracks the native buses that are there, and applies the rules to their devices.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn track_native(&self) -> Result {
        self.native.track_all()
    }

    /// Gives devices that were there before the module to the drivers that their rules name.
    ///
    /// Devices that are bound stay so.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn bind_pending(&self) -> Result {
        let mut buses = KVec::new();

        self.native.list(&mut buses)?;
        for extension in self.list.lock().iter().flat_map(|bus| &bus.extension) {
            buses.push(extension.watch.bus().clone(), GFP_KERNEL)?;
        }
        // Not with a list locked: a probe can load a module, which registers a bus.
        for bus in buses {
            self.policy.bind_pending(&bus);
        }
        Ok(())
    }

    /// Tracks or extends a bus that came.
    fn came(&self, name: &[u8]) {
        let tracked = match native::is_native(name) {
            Ok(true) => self.native.track_all(),
            Ok(false) => {
                self.registered(name);
                return;
            }
            Err(err) => Err(err),
        };

        if let Err(err) = tracked {
            pr_err!(
                "bus {}: not tracked: error {}\n",
                BStr::from_bytes(name),
                err.to_errno()
            );
        }
    }

    /// Extends the bus called `name`, if that is wanted and not so yet.
    ///
    /// Returns `false` if there is no such bus.
    fn registered(&self, name: &[u8]) -> bool {
        let waiting =
            |bus: &&mut Wanted| bus.name == name && !bus.is_busy && bus.extension.is_none();
        let scope = match self.list.lock().iter_mut().find(waiting) {
            Some(bus) => {
                bus.is_busy = true;
                bus.scope
            }
            None => return true,
        };
        let extended = self.extend(name, scope);
        let ret = match &extended {
            Ok(_) => {
                pr_info!("bus {}: extended\n", BStr::from_bytes(name));
                true
            }
            Err(ExtendError::Unknown) => false,
            Err(error) => {
                super::log_error(name, *error);
                true
            }
        };

        // Whoever clears the list waits for those who are told of buses: the entry is there.
        if let Some(bus) = self.list.lock().iter_mut().find(|bus| bus.name == name) {
            bus.is_busy = false;
            bus.extension = extended.ok();
        }
        ret
    }

    /// Lets go of the buses that are part of `module`, and of devices that it made and removed.
    fn going(&self, module: &Going) {
        self.policy.devices.purge();
        self.native.going(module);
        loop {
            let gone = {
                let mut list = self.list.lock();
                let gone = |bus: &mut Wanted| {
                    bus.extension
                        .take_if(|extension| extension.is_part_of(|at| module.contains(at)))
                };

                list.iter_mut().find_map(gone)
            };

            // Not with the list locked: it waits for those who ask for a match.
            match gone {
                Some(extension) => drop(extension),
                None => return,
            }
        }
    }

    /// Lets go of all buses.
    fn clear(&self) {
        self.native.clear();
        let list = core::mem::take(&mut *self.list.lock());

        // Not with the list locked, as above.
        drop(list);
    }

    /// Makes this the list that buses are looked up in, until the guard is dropped.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn publish(self: Arc<Self>) -> Result<PublishedBuses> {
        let published = WANTED.publish(self.clone())?;
        let going = KBox::pin_init(GoingNotifier::new(), GFP_KERNEL)?;
        let hook = Hook::new();
        let mut names = KVec::new();

        if let Err(err) = &hook {
            pr_info!(
                "buses that are registered later are left alone: error {}\n",
                err.to_errno()
            );
        }
        // Each can have come before anybody listened.
        self.native.track_all()?;
        for bus in self.list.lock().iter() {
            names.push(bus.name, GFP_KERNEL)?;
        }
        for name in names {
            if self.registered(name) {
                continue;
            }
            match &hook {
                Ok(_) => pr_info!(
                    "bus {}: no such bus yet; it is extended when it comes\n",
                    BStr::from_bytes(name)
                ),
                Err(err) => pr_err!(
                    "bus {}: no such bus, and none can be waited for: error {}\n",
                    BStr::from_bytes(name),
                    err.to_errno()
                ),
            }
        }
        Ok(PublishedBuses {
            _hook: hook.ok(),
            _going: going,
            _buses: Kept(self),
            _published: published,
        })
    }
}

/// Tells the published list of buses that come.
enum Arrival {}

impl RegisterHook for Arrival {
    fn registered(name: &[u8]) {
        if let Some(wanted) = WANTED.get() {
            wanted.came(name);
        }
    }
}

/// Tells the published list of modules that go.
enum Departure {}

impl GoingHandler for Departure {
    fn going(module: &Going) {
        if let Some(wanted) = WANTED.get() {
            wanted.going(module);
        }
    }
}

/// The buses of a list, which are let go of when this is dropped, whoever else has the list.
struct Kept(Arc<WantedBuses>);

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.clear();
    }
}

/// Keeps a list published, and has it told of buses that come; dropping it lets go of all its buses.
///
/// Fields are dropped in declaration order: nobody tells a list that is gone.
pub(crate) struct PublishedBuses {
    _hook: Option<Hook<Arrival>>,
    _going: Pin<KBox<GoingNotifier<Departure>>>,
    _buses: Kept,
    _published: Published<Arc<WantedBuses>>,
}
