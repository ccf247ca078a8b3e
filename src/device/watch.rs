// SPDX-License-Identifier: GPL-2.0

//! The watch of a bus, whose devices come and go.
//!
//! `BUS_NOTIFY_ADD_DEVICE` is sent when a device is complete but nobody has heard of it: before the
//! uevent that tells userspace, and before the bus looks for a driver. This is where a device gets its
//! files, and where the [`Handler`] can still decide about the first probe.

use super::{
    list::Devices,
    tracked::{
        TrackedBus,
        TrackedDevice, //
    }, //
};
use crate::abstractions::{
    bus::{
        self,
        Bus,
        Event,
        Notifier, //
    },
    device_attr, //
};
use kernel::{
    device::Device,
    prelude::*,
    sync::Arc, //
};

/// The layer above, which decides about devices that come and go.
///
/// All methods are called in process context.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Called when a device was added, before anything can probe it; and for a device that was there
    /// before the bus was tracked.
    fn added(&self, device: &Arc<TrackedDevice>);

    /// Called when a device is about to be removed, or its bus not to be tracked anymore.
    fn going(&self, device: &TrackedDevice);

    /// Called after [`Handler::going`], when nobody is in a write to the device's files anymore. The
    /// device is forgotten next.
    fn gone(&self, device: &TrackedDevice);

    /// Called when a driver was bound to the device (`true`), or failed to be. The device lock is held.
    fn probed(&self, device: &TrackedDevice, bound: bool);

    /// Called for each device of a bus that is not tracked anymore, once nothing else is.
    fn untracked(&self, device: &TrackedDevice);
}

/// The link from a bus to the list of devices and the [`Handler`].
struct Link<H> {
    devices: Arc<Devices>,
    handler: Arc<H>,
    bus: Arc<TrackedBus>,
    attributes: &'static [&'static device_attr::Group],
}

impl<H: Handler> Link<H> {
    /// Manages a device, unless that is so already.
    fn track(&self, dev: &Device) {
        let ret = TrackedDevice::new(dev, &self.bus).and_then(|tracked| {
            // Held until the device has its attributes: whoever removes them waits.
            let mut has_attributes = tracked.has_attributes.lock();

            if self.devices.add(&tracked)? {
                self.create_attributes(dev)?;
                *has_attributes = true;
            }
            Ok(())
        });

        if let Err(err) = ret {
            dev_err!(dev, "it has no attributes: error {}\n", err.to_errno());
        }
        if let Ok(tracked) = self.devices.get(dev) {
            self.handler.added(&tracked);
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

impl<H: Handler> bus::Handler for Link<H> {
    fn event(&self, dev: &Device, event: Event) {
        if let Event::Add = event {
            return self.track(dev);
        }
        let Ok(tracked) = self.devices.get(dev) else {
            return;
        };

        match event {
            Event::Add => {}
            Event::Del => {
                // First, so that nobody who is in a write to an attribute waits in vain.
                self.handler.going(&tracked);
                self.remove_attributes(&tracked);
            }
            Event::Removed => {
                self.remove_attributes(&tracked);
                self.handler.gone(&tracked);
                self.devices.forget(dev);
            }
            Event::Bound => self.handler.probed(&tracked, true),
            Event::NotBound => self.handler.probed(&tracked, false),
        }
    }
}

/// A bus whose devices are tracked; dropping it takes everything back from them.
pub(crate) struct BusWatch<H: Handler> {
    notifier: Option<Pin<KBox<Notifier<Link<H>>>>>,
    devices: Arc<Devices>,
    handler: Arc<H>,
    bus: Arc<TrackedBus>,
}

impl<H: Handler> BusWatch<H> {
    /// Tracks the devices of `bus`, present and future ones, and tells `handler` of them.
    pub(crate) fn new(
        devices: Arc<Devices>,
        handler: Arc<H>,
        bus: Bus,
        attributes: &'static [&'static device_attr::Group],
    ) -> Result<Self> {
        let tracked_bus = TrackedBus::new(bus.name())?;
        let link = Link {
            devices: devices.clone(),
            handler: handler.clone(),
            bus: tracked_bus.clone(),
            attributes,
        };
        let notifier = KBox::pin_init(Notifier::new(bus, link), GFP_KERNEL)?;

        // A device that is added meanwhile is found twice, which is one time more than needed.
        notifier.bus().for_each_device(|dev| {
            notifier.handler().track(dev);
        });
        Ok(Self {
            notifier: Some(notifier),
            devices,
            handler,
            bus: tracked_bus,
        })
    }

    /// Returns the bus.
    pub(crate) fn bus(&self) -> &Arc<TrackedBus> {
        &self.bus
    }
}

impl<H: Handler> Drop for BusWatch<H> {
    fn drop(&mut self) {
        self.devices.close(&self.bus);

        // The notifier is still there: a device that is removed now waits until its attributes are,
        // rather than to pull its directory away from under them.
        if let Some(notifier) = &self.notifier {
            self.devices.for_each_of(&self.bus, |tracked| {
                self.handler.going(tracked);
                notifier.handler().remove_attributes(tracked);
                self.handler.gone(tracked);
            });
        }
        self.notifier = None;

        // Nothing can set any override anymore.
        self.devices.for_each_of(&self.bus, |tracked| {
            self.handler.untracked(tracked);
            self.devices.forget(tracked.device());
        });
    }
}
