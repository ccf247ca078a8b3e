// SPDX-License-Identifier: GPL-2.0

//! The watch of a bus, whose devices come and go.
//!
//! `BUS_NOTIFY_ADD_DEVICE` is sent when a device is complete but nobody has heard of it: before the
//! uevent that tells userspace, and before the bus looks for a driver. This is where a device gets its
//! files, and where the [`Handler`] can still decide about the first probe.

use super::{
    list::Devices,
    tracked::{
        Files,
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
    device,
    device_attr, //
};
use kernel::{
    device::Device,
    prelude::*,
    sync::Arc,
    time::{
        delay::fsleep,
        Delta, //
    }, //
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

    /// Called after [`Handler::going`], as the last for a device that was removed.
    fn gone(&self, device: &TrackedDevice);

    /// Called when a driver was bound to the device (`true`), or failed to be. The device lock is held.
    fn probed(&self, device: &Arc<TrackedDevice>, bound: bool);

    /// Called for each device of a bus that is not tracked anymore, as the last.
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
    /// Tracks a device, unless that is so already.
    ///
    /// `is_new` if it is just being added, so that it is not being removed for certain.
    fn track(&self, bus: Option<&Bus>, dev: &Device) {
        let is_new = bus.is_none();
        let added = self.devices.add(dev, &self.bus, || {
            if bus.is_some_and(|bus| !bus.has(dev)) {
                return Ok(None);
            }
            TrackedDevice::new(dev, &self.bus).map(Some)
        });

        match added {
            Ok(None) => {}
            Ok(Some(tracked)) => {
                if is_new {
                    tracked.note_kernel_override();
                }
                self.create_files(&tracked);
                self.handler.added(&tracked);
            }
            Err(err) => dev_err!(dev, "it has no attributes: error {}\n", err.to_errno()),
        }
    }

    /// Gives the device all its files, or none.
    fn create_files(&self, tracked: &TrackedDevice) {
        let dev = tracked.device();
        // Held until the device has them: whoever removes them waits.
        let mut files = tracked.files.lock();

        // Its removal can have begun.
        if *files != Files::None || tracked.marks.is_dying() {
            return;
        }
        for (i, group) in self.attributes.iter().enumerate() {
            if let Err(err) = group.create(dev) {
                for group in self.attributes.iter().take(i) {
                    group.remove(dev);
                }
                dev_err!(dev, "it has no attributes: error {}\n", err.to_errno());
                return;
            }
        }
        *files = Files::There;
    }

    /// Removes the files, and waits until nobody is in one; unless they go with the device's directory.
    fn remove_files(&self, tracked: &TrackedDevice) {
        let mut files = tracked.files.lock();

        if *files == Files::There {
            for group in self.attributes.iter().rev() {
                group.remove(tracked.device());
            }
        }
        // None is made anymore.
        *files = Files::Gone;
    }
}

impl<H: Handler> bus::Handler for Link<H> {
    fn event(&self, dev: &Device, event: Event) {
        if let Event::Add = event {
            return self.track(None, dev);
        }
        let Ok(tracked) = self.devices.get(dev) else {
            return;
        };

        // This is in the notifier chain of the bus, which others wait for who hold locks that a probe
        // needs. So nothing here waits for a transaction, nor for a user of a file.
        match event {
            Event::Add => {}
            Event::Del => self.handler.going(&tracked),
            Event::Removed => {
                // Waits only for somebody who is just adding or removing the files. Those who are in
                // one were woken.
                *tracked.files.lock() = Files::Gone;
                tracked.be_silent();
                self.handler.gone(&tracked);
                self.devices.forget_removed(dev);
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
    /// Adding a device takes no longer than so many milliseconds, up to where userspace is told.
    const MOST_ROUNDS: usize = 100;

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

        // A device that is just being added is left to the notifier: adding it can still fail, of
        // which nobody is told. It may have missed the notifier, though, so that it is looked for again.
        for _ in 0..Self::MOST_ROUNDS {
            let mut missing = false;

            notifier.bus().for_each_device(|dev| {
                if devices.get(dev).is_ok() {
                } else if device::add_was_told(dev) {
                    notifier.handler().track(Some(notifier.bus()), dev);
                } else {
                    missing = true;
                }
            });
            if !missing {
                break;
            }
            fsleep(Delta::from_millis(1));
        }
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

        // The notifier is still there: a device that is removed now is found to be.
        if let Some(notifier) = &self.notifier {
            self.devices.for_each_of(&self.bus, |tracked| {
                self.handler.going(tracked);
                notifier.handler().remove_files(tracked);
            });
        }
        self.notifier = None;

        self.devices.for_each_of(&self.bus, |tracked| {
            self.handler.untracked(tracked);
            self.devices.forget(tracked.device());
        });
    }
}
