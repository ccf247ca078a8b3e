// SPDX-License-Identifier: GPL-2.0

//! Buses that are to be extended from load to unload, whenever they come.
//!
//! A bus that is part of a module can be registered after this module was loaded. It is extended then,
//! before it has its first device. If the module of the bus fails to load after that, its bus goes
//! with it, and is waited for again.
//!
//! Where `bus_register()` can't be redirected, a bus that is not there at load is not extended, which
//! the kernel log says.

use super::{
    Extension,
    Policy, //
};
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
    bus::extended::{
        Buses,
        ExtendError,
        Scope, //
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
    /// [`None`] until the bus is registered.
    extension: Option<Extension>,
}

/// The buses that are to be extended.
#[pin_data]
pub(crate) struct WantedBuses {
    policy: Arc<Policy>,
    buses: Arc<Buses>,
    attributes: &'static [&'static device_attr::Group],
    #[pin]
    list: Mutex<KVec<Wanted>>,
}

impl WantedBuses {
    /// Makes an empty list. Devices of its buses get `attributes`.
    pub(crate) fn new(
        policy: &Arc<Policy>,
        buses: &Arc<Buses>,
        attributes: &'static [&'static device_attr::Group],
    ) -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                policy: policy.clone(),
                buses: buses.clone(),
                attributes,
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
        let mut list = self.list.lock();
        let extension = match self.extend(name, scope) {
            Ok(extension) => Some(extension),
            Err(ExtendError::Unknown) => None,
            Err(error) => {
                super::log_error(name, error);
                return Ok(());
            }
        };

        Ok(list.push(
            Wanted {
                name,
                scope,
                extension,
            },
            GFP_KERNEL,
        )?)
    }

    fn extend(&self, name: &[u8], scope: Scope) -> Result<Extension, ExtendError> {
        Extension::new(&self.policy, &self.buses, name, scope, self.attributes)
    }

    /// Gives devices that were there before to the drivers that their rules name.
    pub(crate) fn bind_pending(&self) {
        for extension in self.list.lock().iter().flat_map(|bus| &bus.extension) {
            extension.bind_pending();
        }
    }

    /// Extends the bus called `name`, if that is wanted and not so yet.
    ///
    /// Returns `false` if there is no such bus.
    fn registered(&self, name: &[u8]) -> bool {
        let mut list = self.list.lock();
        let waiting = |bus: &&mut Wanted| bus.name == name && bus.extension.is_none();
        let Some(bus) = list.iter_mut().find(waiting) else {
            return true;
        };

        match self.extend(name, bus.scope) {
            Ok(extension) => {
                pr_info!("bus {}: extended\n", BStr::from_bytes(name));
                bus.extension = Some(extension);
            }
            Err(ExtendError::Unknown) => return false,
            Err(error) => super::log_error(name, error),
        }
        true
    }

    /// Lets go of the buses that are part of `module`.
    fn going(&self, module: &Going) {
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

    fn is_waiting(&self) -> bool {
        let list = self.list.lock();

        list.iter().any(|bus| bus.extension.is_none())
    }

    /// Makes this the list that buses are looked up in, until the guard is dropped.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn publish(self: Arc<Self>) -> Result<PublishedBuses> {
        let published = WANTED.publish(self.clone())?;

        if !self.is_waiting() {
            return Ok(PublishedBuses {
                _hook: None,
                _going: None,
                _published: published,
            });
        }
        let going = KBox::pin_init(GoingNotifier::new(), GFP_KERNEL)?;
        let hook = Hook::new();
        let mut names = KVec::new();

        for bus in self.list.lock().iter() {
            names.push(bus.name, GFP_KERNEL)?;
        }
        for name in names {
            // It can have come before anybody listened.
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
            _going: Some(going),
            _published: published,
        })
    }
}

/// Tells the published list of buses that come.
enum Arrival {}

impl RegisterHook for Arrival {
    fn registered(name: &[u8]) {
        if let Some(wanted) = WANTED.get() {
            let _ = wanted.registered(name);
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

/// Keeps a list published, and has it told of buses that come; dropping it lets go of all its buses.
///
/// Fields are dropped in declaration order: nobody tells a list that is gone.
pub(crate) struct PublishedBuses {
    _hook: Option<Hook<Arrival>>,
    _going: Option<Pin<KBox<GoingNotifier<Departure>>>>,
    _published: Published<Arc<WantedBuses>>,
}
