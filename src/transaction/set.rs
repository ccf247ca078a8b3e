// SPDX-License-Identifier: GPL-2.0

//! A set of devices, and the plan for it.

use super::{
    answer::Answer,
    engine::Term,
    participant::Participant,
    plan::{
        Conflict,
        Pace,
        Plan,
        Subject, //
    },
    reason::Reason,
    target::{
        self,
        Target, //
    }, //
};
use crate::{
    abstractions::{
        bus::Bus,
        device,
        trace, //
    },
    device::{
        list::Devices,
        override_source::OverrideSource,
        tracked::TrackedDevice, //
    },
};
use kernel::{
    device::Device,
    fmt,
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    }, //
};

/// The set that has one device.
pub(super) fn of_one(tracked: &Arc<TrackedDevice>) -> Result<KVec<Arc<TrackedDevice>>> {
    let mut set = KVec::with_capacity(1, GFP_KERNEL)?;

    set.push(tracked.clone(), GFP_KERNEL)?;
    Ok(set)
}

/// The devices of a set as participants in a transaction.
pub(super) fn participants(
    devices: &[Arc<TrackedDevice>],
    target: Target,
    term: Term,
    mut source: Option<OverrideSource>,
) -> Result<KVec<Participant>> {
    static LAST: Atomic<u64> = Atomic::new(0);

    let id = trace::Id(LAST.fetch_add(1, Relaxed) + 1);
    let target = Arc::new(target, GFP_KERNEL)?;
    let mut participants = KVec::with_capacity(devices.len(), GFP_KERNEL)?;

    for tracked in devices {
        let participant =
            Participant::new(id, tracked.clone(), target.clone(), term, source.take())?;

        participants.push(participant, GFP_KERNEL)?;
    }
    Ok(participants)
}

/// The devices that have a driver, and lose it when `dev` loses its own.
fn consumers(list: &Devices, dev: &Device) -> Result<KVec<ARef<Device>>> {
    /// More than the kernel has.
    const MAX_BUSES: usize = 256;

    let mut consumers = KVec::new();
    let mut ret = Ok(());

    if !device::may_have_consumers(dev) {
        return Ok(consumers);
    }
    for bus in Bus::all(MAX_BUSES, |_, _| true)? {
        bus.for_each_device(|other| {
            let needs = device::has_driver(other)
                && list.with_present(dev, || device::is_consumer(dev, other)) == Some(true);

            if needs {
                if let Err(err) = consumers.push(ARef::from(other), GFP_KERNEL) {
                    ret = Err(err.into());
                }
            }
        });
    }
    ret.map(|()| consumers)
}

fn subject<'a>(tracked: &'a TrackedDevice, consumers: &[ARef<Device>]) -> Result<Subject<'a>> {
    let dev = tracked.device();
    let mut ancestors = KVec::new();

    for ancestor in tracked.relatives().ancestors() {
        ancestors.push(device::id(ancestor), GFP_KERNEL)?;
    }
    let mut needed_by = KVec::new();

    for consumer in consumers {
        needed_by.push(device::id(consumer), GFP_KERNEL)?;
    }
    Ok(Subject {
        id: device::id(dev),
        bus: tracked.bus(),
        name: dev.name().to_bytes(),
        ancestors,
        physical_function: tracked.relatives().physical_function().map(device::id),
        is_bridge: device::is_bridge(dev),
        consumers: needed_by,
    })
}

/// The plan for moving a set.
///
/// # Errors
///
/// `EINVAL` if there is no device, or one twice; `EBUSY` if the devices can't be moved together, for a
/// reason that the log and the answer have; `ENOMEM`.
pub(super) fn plan(
    list: &Devices,
    devices: &[Arc<TrackedDevice>],
    target: &Target,
    answer: &mut Answer,
) -> Result<Plan> {
    let mut subjects = KVec::with_capacity(devices.len(), GFP_KERNEL)?;
    let first = devices.first().ok_or(EINVAL)?;

    // Held until the plan is made: they are known by their addresses.
    let mut held = KVec::with_capacity(devices.len(), GFP_KERNEL)?;

    for tracked in devices {
        let consumers = consumers(list, tracked.device())?;

        subjects.push(subject(tracked, &consumers)?, GFP_KERNEL)?;
        held.push(consumers, GFP_KERNEL)?;
    }
    let plan = Plan::new(&subjects, target.pace(first.device()), |at| {
        devices
            .get(at)
            .map_or(Pace::InOrder, |it| target::pace_of_driver(it.device()))
    });

    plan.map_err(|conflict| {
        let (err, at, reason) = refuse(devices, &held, conflict);

        answer.refused(devices, at, err, reason);
        err
    })
}

/// Says why there is no plan, and because of which device.
fn refuse(
    devices: &[Arc<TrackedDevice>],
    consumers: &[KVec<ARef<Device>>],
    conflict: Conflict,
) -> (Error, usize, Reason) {
    let say = |at: usize, text: fmt::Arguments<'_>| {
        if let Some(it) = devices.get(at) {
            dev_err!(it.device(), "{text}\n");
        }
    };

    match conflict {
        Conflict::Twice(at) => {
            say(at, fmt!("it is named twice"));
            (EINVAL, at, Reason::Twice)
        }
        Conflict::MadeBy(at, maker) => {
            if let Some(maker) = devices.get(maker) {
                say(at, fmt!("it may go away with {}", maker.device().name()));
            }
            (EBUSY, at, Reason::MadeBy)
        }
        Conflict::NeededBy(at, consumer) => {
            let all = consumers.iter().flatten();

            if let Some(it) = all.into_iter().find(|it| device::id(it) == consumer) {
                say(at, fmt!("{}, which has a driver, needs it", it.name()));
            }
            (EBUSY, at, Reason::NeededBy)
        }
        Conflict::Circle(at) => {
            say(at, fmt!("it needs another one that needs it"));
            (EBUSY, at, Reason::NeededBy)
        }
        Conflict::NoMemory => (ENOMEM, 0, Reason::NoMemory),
    }
}
