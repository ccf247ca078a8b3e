// SPDX-License-Identifier: GPL-2.0

//! Devices that come and go.
//!
//! `BUS_NOTIFY_ADD_DEVICE` is sent when a device is complete but nobody has heard of it: before the
//! uevent that tells userspace, and before the bus looks for a driver. This is where a rule acts, and
//! where the device gets its attributes.

use super::{
    tracked::{
        TrackedDevice,
        TrackedBus, //
    },
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

/// What happens on a tracked bus.
struct Hook {
    engine: Arc<Engine>,
    bus: Arc<TrackedBus>,
    attributes: &'static [&'static device_attr::Group],
}

impl Hook {
    /// Manages a device, unless that is so already.
    fn track(&self, dev: &Device) {
        let ret = TrackedDevice::new(dev, &self.bus).and_then(|tracked| {
            // Held until the device has its attributes: whoever removes them waits.
            let mut has_attributes = tracked.has_attributes.lock();

            if self.engine.add(&tracked)? {
                self.create_attributes(dev)?;
                *has_attributes = true;
            }
            Ok(())
        });

        if let Err(err) = ret {
            dev_err!(dev, "it has no attributes: error {}\n", err.to_errno());
        }
        if let Ok(tracked) = self.engine.tracked(dev) {
            self.engine.apply_rules(&tracked);
        }
    }

    /// Gives the device all its attributes, or none.
    fn create_attributes(&self, dev: &Device) -> Result {
        for (i, group) in self.attributes.iter().enumerate() {
            group.create(dev).inspect_err(|_| {
                for group in self.attributes.iter().take(i) {
                    group.remove(dev);
                }
            })?;
        }
        Ok(())
    }

    fn remove_attributes(&self, tracked: &TrackedDevice) {
        let mut has_attributes = tracked.has_attributes.lock();

        if core::mem::take(&mut *has_attributes) {
            for group in self.attributes.iter().rev() {
                group.remove(tracked.device());
            }
        }
    }
}

impl Handler for Hook {
    fn event(&self, dev: &Device, event: Event) {
        if let Event::Add = event {
            return self.track(dev);
        }
        let Ok(tracked) = self.engine.tracked(dev) else {
            return;
        };

        match event {
            Event::Add => {}
            Event::Del => {
                // First, so that nobody who is in a write to an attribute waits in vain.
                self.engine.claims.dying(&tracked);
                self.remove_attributes(&tracked);
            }
            Event::Removed => {
                self.remove_attributes(&tracked);
                self.engine.kept_off.work().forget_dying();
                self.engine.forget(dev);
            }
            Event::Bound => self.engine.report_probe(&tracked, true),
            Event::NotBound => self.engine.report_probe(&tracked, false),
        }
    }
}

/// A bus whose devices are tracked; dropping it takes everything back from them.
pub(super) struct BusWatch {
    notifier: Option<Pin<KBox<Notifier<Hook>>>>,
    engine: Arc<Engine>,
    bus: Arc<TrackedBus>,
}

impl BusWatch {
    /// Manages the devices of `bus`, present and future ones, and applies the rules to them.
    pub(super) fn new(
        engine: Arc<Engine>,
        bus: Bus,
        attributes: &'static [&'static device_attr::Group],
    ) -> Result<Self> {
        let tracked_bus = TrackedBus::new(bus.name())?;
        let hook = Hook {
            engine: engine.clone(),
            bus: tracked_bus.clone(),
            attributes,
        };
        let notifier = KBox::pin_init(Notifier::new(bus, hook), GFP_KERNEL)?;

        // A device that is added meanwhile is found twice, which is one time more than needed.
        notifier.bus().for_each_device(|dev| {
            notifier.handler().track(dev);
        });
        Ok(Self {
            notifier: Some(notifier),
            engine,
            bus: tracked_bus,
        })
    }

    /// Gives devices that were there before to the drivers that their rules name.
    ///
    /// Devices that are bound stay so.
    pub(super) fn bind_pending(&self) {
        self.engine.bind_pending(&self.bus);
    }
}

impl Drop for BusWatch {
    fn drop(&mut self) {
        let engine = &self.engine;

        engine.close(&self.bus);

        // The notifier is still there: a device that is removed now waits until its attributes are,
        // rather than to pull its directory away from under them.
        if let Some(notifier) = &self.notifier {
            engine.for_each_device_of(&self.bus, |tracked| {
                engine.claims.dying(tracked);
                notifier.handler().remove_attributes(tracked);
                // A rule can be moving it.
                engine.claims.wait_until_free(tracked);
            });
        }
        self.notifier = None;
        engine.kept_off.work().forget_dying();

        // Nothing can set any override anymore.
        engine.for_each_device_of(&self.bus, |tracked| {
            tracked.clear_set_by(None);
            engine.forget(tracked.device());
        });
    }
}

/// The native buses, which are tracked for as long as this is there.
pub(crate) struct Watch(KVec<BusWatch>);

impl Watch {
    /// Manages the devices of `buses`.
    pub(crate) fn new(
        engine: &Arc<Engine>,
        buses: KVec<Bus>,
        attributes: &'static [&'static device_attr::Group],
    ) -> Result<Self> {
        let mut watches = KVec::with_capacity(buses.len(), GFP_KERNEL)?;

        for bus in buses {
            watches.push(BusWatch::new(engine.clone(), bus, attributes)?, GFP_KERNEL)?;
        }
        Ok(Self(watches))
    }

    /// Gives devices that were there before the module to the drivers that their rules name.
    ///
    /// Devices that are bound stay so.
    pub(crate) fn bind_pending(&self) {
        for watch in &self.0 {
            watch.bind_pending();
        }
    }
}
