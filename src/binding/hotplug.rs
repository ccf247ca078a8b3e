// SPDX-License-Identifier: GPL-2.0

//! Devices that come and go.
//!
//! `BUS_NOTIFY_ADD_DEVICE` is sent when a device is complete but nobody has heard of it: before the
//! uevent that tells userspace, and before the bus looks for a driver. This is where a rule acts, and
//! where the device gets its attributes.

use super::{
    managed::Managed,
    Engine, //
};
use crate::abstractions::{
    bus::{
        Bus,
        Event,
        Handler,
        Notifier, //
    },
    device_attr, //
};
use kernel::{
    device::Device,
    prelude::*,
    sync::Arc, //
};

/// What happens on a managed bus.
struct Hook {
    engine: Arc<Engine>,
    bus: Arc<KVec<u8>>,
    attributes: &'static device_attr::Group,
}

impl Hook {
    /// Manages a device, unless that is so already.
    fn manage(&self, dev: &Device) {
        let ret = Managed::new(dev, &self.bus).and_then(|managed| {
            // Held until the device has its attributes: whoever removes them waits.
            let mut has_attributes = managed.has_attributes.lock();

            if self.engine.add(&managed)? {
                self.attributes.create(dev)?;
                *has_attributes = true;
            }
            Ok(())
        });

        if let Err(err) = ret {
            dev_err!(dev, "it has no attributes: error {}\n", err.to_errno());
        }
        if let Ok(managed) = self.engine.managed(dev) {
            self.engine.discover(&managed);
        }
    }

    fn remove_attributes(&self, managed: &Managed) {
        let mut has_attributes = managed.has_attributes.lock();

        if core::mem::take(&mut *has_attributes) {
            self.attributes.remove(managed.device());
        }
    }
}

impl Handler for Hook {
    fn event(&self, dev: &Device, event: Event) {
        if let Event::Add = event {
            return self.manage(dev);
        }
        let Ok(managed) = self.engine.managed(dev) else {
            return;
        };

        match event {
            Event::Add => {}
            Event::Del => {
                // First, so that nobody who is in a write to an attribute waits in vain.
                self.engine.claims.dying(&managed);
                self.remove_attributes(&managed);
            }
            Event::Removed => {
                self.remove_attributes(&managed);
                self.engine.forget(dev);
            }
            Event::Bound => self.engine.report_probe(&managed, true),
            Event::NotBound => self.engine.report_probe(&managed, false),
        }
    }
}

/// The buses that are managed; dropping it takes everything back from their devices.
pub(crate) struct Watch {
    engine: Arc<Engine>,
    notifiers: KVec<Pin<KBox<Notifier<Hook>>>>,
}

impl Watch {
    /// Manages the devices of `buses`, present and future ones, and applies the rules to them.
    pub(crate) fn new(
        engine: Arc<Engine>,
        buses: KVec<Bus>,
        attributes: &'static device_attr::Group,
    ) -> Result<Self> {
        let mut this = Self {
            engine,
            notifiers: KVec::with_capacity(buses.len(), GFP_KERNEL)?,
        };

        for bus in buses {
            let mut name = KVec::new();

            name.extend_from_slice(bus.name(), GFP_KERNEL)?;
            let hook = Hook {
                engine: this.engine.clone(),
                bus: Arc::new(name, GFP_KERNEL)?,
                attributes,
            };
            let notifier = KBox::pin_init(Notifier::new(bus, hook), GFP_KERNEL)?;

            // A device that is added meanwhile is found twice, which is one time more than needed.
            notifier.bus().for_each_device(|dev| {
                notifier.handler().manage(dev);
            });
            this.notifiers.push(notifier, GFP_KERNEL)?;
        }
        Ok(this)
    }

    /// Gives devices that were there before the module to the drivers that their rules name.
    ///
    /// Devices that are bound stay so.
    pub(crate) fn settle(&self) {
        self.engine.settle();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.engine.close();

        // The notifiers are still there: a device that is removed now waits until its attributes
        // are, rather than to pull its directory away from under them.
        let engine = &self.engine;
        if let Some(notifier) = self.notifiers.first() {
            engine.for_each_device(|managed| {
                notifier.handler().remove_attributes(managed);
                managed.clear_set_by(None);
            });
        }
        self.notifiers.clear();
        engine.for_each_device(|managed| engine.forget(managed.device()));
    }
}
