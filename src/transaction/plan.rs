// SPDX-License-Identifier: GPL-2.0

//! The plan of a transaction: which devices are released and attached in which order, and which of
//! them side by side.
//!
//! Pure logic over plain data: it knows no device, no lock and no C, and is built for the host as
//! well. All that a roll-back needs is part of the plan from the start.
//!
//! A plan has [`Waves`]: the devices of a wave go side by side, and a wave starts when the one before
//! has ended.
//!
//! - Releases go side by side, except that a device goes before those that it depends on: before its
//!   supplier, and before the bridge above it.
//! - Attaches go the other way round. Where it does not matter for names, they go side by side as
//!   well. Elsewhere each is a wave of its own, in the order of addresses: the first network card to
//!   be probed is `eth0`.

mod waves;

use kernel::prelude::*;
pub(crate) use waves::Waves;

/// Identifies a device for as long as somebody holds a reference to it.
pub(crate) type DeviceId = usize;

/// The way in which attaches of several devices may overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// They may: nothing outside sees in which order they happen.
    SideBySide,
    /// One after the other, in the order of addresses.
    InOrder,
}

/// A device of a set, as far as the plan depends on it.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    /// The device.
    pub(crate) id: DeviceId,
    /// Its bus's name and its own, which give the order of addresses.
    pub(crate) bus: &'a [u8],
    /// The device's name.
    pub(crate) name: &'a [u8],
    /// Its ancestors, the parent first.
    pub(crate) ancestors: KVec<DeviceId>,
    /// The physical function, if the device is a virtual one.
    pub(crate) physical_function: Option<DeviceId>,
    /// The device is a bridge, which does not make the endpoints below it.
    pub(crate) is_bridge: bool,
    /// The bound devices that need this one, and lose their driver when this one does.
    pub(crate) consumers: KVec<DeviceId>,
}

/// The reason for which there is no plan for a set. Positions are those of the devices in the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conflict {
    /// A device is named twice.
    Twice(usize),
    /// The first one is made by the second one's driver, and may go when that does.
    MadeBy(usize, usize),
    /// A bound device outside the set needs the one in it.
    NeededBy(usize, DeviceId),
    /// Devices need each other in a circle.
    Circle(usize),
    /// There is no memory.
    NoMemory,
}

impl From<kernel::alloc::AllocError> for Conflict {
    fn from(_: kernel::alloc::AllocError) -> Self {
        Self::NoMemory
    }
}

/// The order of the steps of a transaction.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Releases from the old drivers.
    pub(crate) release: Waves,
    /// Attaches to the new driver.
    pub(crate) attach: Waves,
    /// Attaches to the old drivers, when the transaction is rolled back or a loan ends.
    pub(crate) reattach: Waves,
}

impl Plan {
    /// Makes the plan for a set of devices.
    ///
    /// `attach` is the pace of attaching to the new driver; `reattach` that of each device's old one.
    ///
    /// # Errors
    ///
    /// See [`Conflict`].
    pub(crate) fn new(
        set: &[Subject<'_>],
        attach: Pace,
        reattach: impl Fn(usize) -> Pace,
    ) -> Result<Self, Conflict> {
        refuse_conflicts(set)?;
        let ranks = ranks(set)?;

        Ok(Self {
            release: Waves::new(set, &ranks, |_| Pace::SideBySide)?.reversed()?,
            attach: Waves::new(set, &ranks, |_| attach)?,
            reattach: Waves::new(set, &ranks, reattach)?,
        })
    }
}

/// The position of a device in the set.
fn position(set: &[Subject<'_>], id: DeviceId) -> Option<usize> {
    set.iter().position(|it| it.id == id)
}

fn refuse_conflicts(set: &[Subject<'_>]) -> Result<(), Conflict> {
    for (at, subject) in set.iter().enumerate() {
        if position(set, subject.id) != Some(at) {
            return Err(Conflict::Twice(at));
        }
        let ancestors = subject.ancestors.iter().copied();

        for maker in Iterator::chain(ancestors, subject.physical_function) {
            if let Some(maker) = position(set, maker) {
                if Some(set[maker].id) == subject.physical_function || !set[maker].is_bridge {
                    return Err(Conflict::MadeBy(at, maker));
                }
            }
        }
        for &consumer in &subject.consumers[..] {
            if position(set, consumer).is_none() {
                return Err(Conflict::NeededBy(at, consumer));
            }
        }
    }
    Ok(())
}

/// Returns `true` if the device at `at` needs the one at `other` to be attached first.
fn needs(set: &[Subject<'_>], at: usize, other: usize) -> bool {
    set[at].ancestors.contains(&set[other].id) || set[other].consumers.contains(&set[at].id)
}

/// Returns the number of devices of the set that must be attached before each device, one by one.
fn ranks(set: &[Subject<'_>]) -> Result<KVec<usize>, Conflict> {
    let mut ranks = KVec::with_capacity(set.len(), GFP_KERNEL)?;

    for _ in set {
        ranks.push(0, GFP_KERNEL)?;
    }
    // Most sets have no such devices, and are done after one round; none takes more than one for
    // each device, unless there is a circle.
    for round in 0..=set.len() {
        let mut raised = None;

        for at in 0..set.len() {
            for other in 0..set.len() {
                if needs(set, at, other) && ranks[at] <= ranks[other] {
                    ranks[at] = ranks[other] + 1;
                    raised = Some(at);
                }
            }
        }
        match raised {
            None => return Ok(ranks),
            Some(at) if round == set.len() => return Err(Conflict::Circle(at)),
            Some(_) => {}
        }
    }
    Ok(ranks)
}

#[kunit_tests(overdrive_plan)]
mod tests {
    use super::*;

    fn device(id: DeviceId, name: &[u8]) -> Subject<'_> {
        Subject {
            id,
            bus: b"pci",
            name,
            ancestors: KVec::new(),
            physical_function: None,
            is_bridge: false,
            consumers: KVec::new(),
        }
    }

    fn plan(set: &[Subject<'_>], pace: Pace) -> Result<Plan, Conflict> {
        Plan::new(set, pace, |_| pace)
    }

    /// The only error that matters here is that there is one.
    fn conflict(set: &[Subject<'_>]) -> Option<Conflict> {
        plan(set, Pace::SideBySide).err()
    }

    #[test]
    fn independent_devices_are_released_side_by_side() -> Result<(), Conflict> {
        let set = [device(1, b"b"), device(2, b"a"), device(3, b"c")];
        let plan = plan(&set, Pace::InOrder)?;

        assert_eq!(plan.release.len(), 1);
        assert_eq!(plan.release.get(0).map(<[usize]>::len), Some(3));
        Ok(())
    }

    #[test]
    fn standard_drivers_are_attached_in_the_order_of_addresses() -> Result<(), Conflict> {
        let set = [device(1, b"b"), device(2, b"a"), device(3, b"10")];
        let plan = plan(&set, Pace::InOrder)?;

        assert_eq!(plan.attach.len(), 3);
        assert_eq!(plan.attach.get(0), Some(&[1][..]));
        assert_eq!(plan.attach.get(1), Some(&[0][..]));
        assert_eq!(plan.attach.get(2), Some(&[2][..]));
        Ok(())
    }

    #[test]
    fn drivers_that_give_no_names_are_attached_side_by_side() -> Result<(), Conflict> {
        let set = [device(1, b"b"), device(2, b"a")];
        let plan = plan(&set, Pace::SideBySide)?;

        assert_eq!(plan.attach.len(), 1);
        Ok(())
    }

    #[test]
    fn a_consumer_is_released_before_its_supplier_and_attached_after_it() -> Result<(), Conflict> {
        let mut set = [device(1, b"b"), device(2, b"a")];

        // The second, which comes first by address, consumes the first.
        assert!(set[0].consumers.push(2, GFP_KERNEL).is_ok());
        let plan = plan(&set, Pace::SideBySide)?;

        assert_eq!(plan.release.get(0), Some(&[1][..]));
        assert_eq!(plan.release.get(1), Some(&[0][..]));
        assert_eq!(plan.attach.get(0), Some(&[0][..]));
        assert_eq!(plan.attach.get(1), Some(&[1][..]));
        Ok(())
    }

    #[test]
    fn a_consumer_outside_of_the_set_is_a_conflict() {
        let mut set = [device(1, b"a")];

        assert!(set[0].consumers.push(7, GFP_KERNEL).is_ok());
        assert_eq!(conflict(&set), Some(Conflict::NeededBy(0, 7)));
    }

    #[test]
    fn a_device_and_its_descendant_are_a_conflict() {
        let mut set = [device(1, b"a"), device(2, b"b")];

        assert!(set[1].ancestors.push(1, GFP_KERNEL).is_ok());
        assert_eq!(conflict(&set), Some(Conflict::MadeBy(1, 0)));
    }

    #[test]
    fn a_bridge_and_an_endpoint_below_it_are_none() -> Result<(), Conflict> {
        let mut set = [device(1, b"a"), device(2, b"b")];

        assert!(set[1].ancestors.push(1, GFP_KERNEL).is_ok());
        set[0].is_bridge = true;
        let plan = plan(&set, Pace::SideBySide)?;

        assert_eq!(plan.release.get(0), Some(&[1][..]));
        assert_eq!(plan.attach.get(0), Some(&[0][..]));
        Ok(())
    }

    #[test]
    fn a_physical_and_its_virtual_function_are_a_conflict() {
        let mut set = [device(1, b"a"), device(2, b"b")];

        set[1].physical_function = Some(1);
        assert_eq!(conflict(&set), Some(Conflict::MadeBy(1, 0)));
    }

    #[test]
    fn a_device_that_is_named_twice_is_a_conflict() {
        let set = [device(1, b"a"), device(1, b"a")];

        assert_eq!(conflict(&set), Some(Conflict::Twice(1)));
    }

    #[test]
    fn devices_that_need_each_other_are_a_conflict() {
        let mut set = [device(1, b"a"), device(2, b"b")];

        assert!(set[0].consumers.push(2, GFP_KERNEL).is_ok());
        assert!(set[1].consumers.push(1, GFP_KERNEL).is_ok());
        assert!(matches!(conflict(&set), Some(Conflict::Circle(_))));
    }
}
