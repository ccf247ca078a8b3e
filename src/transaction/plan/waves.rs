// SPDX-License-Identifier: GPL-2.0

//! Waves of devices, which follow each other.

use super::{
    Conflict,
    Pace,
    Subject, //
};
use kernel::prelude::*;

/// Positions of devices in a set, in waves: those of one wave go side by side.
///
/// # Invariants
///
/// `ends` increases, and its last element is the length of `order`. No wave is empty.
#[derive(Debug)]
pub(crate) struct Waves {
    order: KVec<usize>,
    ends: KVec<usize>,
}

impl Waves {
    /// Orders the devices by rank and address, and makes a wave of those that may go side by side.
    pub(super) fn new(
        set: &[Subject<'_>],
        ranks: &[usize],
        pace: impl Fn(usize) -> Pace,
    ) -> Result<Self, Conflict> {
        let mut order = KVec::with_capacity(set.len(), GFP_KERNEL)?;
        let mut ends = KVec::with_capacity(set.len(), GFP_KERNEL)?;

        for at in 0..set.len() {
            order.push(at, GFP_KERNEL)?;
        }
        order.sort_unstable_by(|&a, &b| {
            let key = |at: usize| {
                let subject = &set[at];

                // A longer number is a larger one, as in `10000:00:00.0`.
                (
                    ranks[at],
                    pace(at) == Pace::InOrder,
                    subject.bus,
                    subject.name.len(),
                    subject.name,
                )
            };

            key(a).cmp(&key(b))
        });

        // INVARIANT: Each end is after at least one device, and the last one after all.
        for (i, pair) in order.windows(2).enumerate() {
            let [a, b] = [pair[0], pair[1]];
            let together =
                ranks[a] == ranks[b] && pace(a) == Pace::SideBySide && pace(b) == Pace::SideBySide;

            if !together {
                ends.push(i + 1, GFP_KERNEL)?;
            }
        }
        if !order.is_empty() {
            ends.push(order.len(), GFP_KERNEL)?;
        }
        Ok(Self { order, ends })
    }

    /// The same waves, the last one first.
    pub(super) fn reversed(&self) -> Result<Self, Conflict> {
        let mut order = KVec::with_capacity(self.order.len(), GFP_KERNEL)?;
        let mut ends = KVec::with_capacity(self.ends.len(), GFP_KERNEL)?;

        for index in (0..self.len()).rev() {
            order.extend_from_slice(self.get(index).unwrap_or_default(), GFP_KERNEL)?;
            ends.push(order.len(), GFP_KERNEL)?;
        }
        Ok(Self { order, ends })
    }

    /// Returns the number of waves.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The devices of a wave.
    pub(crate) fn get(&self, index: usize) -> Option<&[usize]> {
        let end = *self.ends.get(index)?;
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };

        self.order.get(start..end)
    }
}
