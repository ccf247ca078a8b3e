// SPDX-License-Identifier: GPL-2.0

//! Plans for generated sets.

use crate::transaction::plan::{Conflict, Pace, Plan, Subject, Waves};
use kernel::prelude::*;
use proptest::prelude::*;

/// A device of a generated set, by its place: who is above it, and whose supplier it is.
#[derive(Clone, Debug)]
struct Generated {
    name: String,
    bridge: bool,
    above: Option<usize>,
    made_by: Option<usize>,
    consumers: Vec<usize>,
    in_order: bool,
}

fn generated() -> impl Strategy<Value = Vec<Generated>> {
    let one = (
        "[0-9a-f]{1,3}",
        any::<bool>(),
        proptest::option::weighted(0.2, 0..8_usize),
        proptest::option::weighted(0.05, 0..8_usize),
        proptest::collection::vec(0..10_usize, 0..2),
        any::<bool>(),
    );

    proptest::collection::vec(
        one.prop_map(
            |(name, bridge, above, made_by, consumers, in_order)| Generated {
                name,
                bridge,
                above,
                made_by,
                consumers,
                in_order,
            },
        ),
        1..8,
    )
}

fn kvec(values: &[usize]) -> KVec<usize> {
    let mut vec = KVec::new();

    vec.extend_from_slice(values, GFP_KERNEL).unwrap();
    vec
}

fn subjects(set: &[Generated]) -> Vec<Subject<'_>> {
    set.iter()
        .enumerate()
        .map(|(id, it)| Subject {
            id,
            bus: b"bus",
            name: it.name.as_bytes(),
            ancestors: kvec(
                &it.above
                    .filter(|&it| it != id)
                    .into_iter()
                    .collect::<Vec<_>>(),
            ),
            physical_function: it.made_by.filter(|&it| it != id),
            is_bridge: it.bridge,
            consumers: kvec(&it.consumers),
        })
        .collect()
}

/// In which wave each device is; each is in exactly one.
fn waves_of(waves: &Waves, len: usize) -> Vec<usize> {
    let mut found = vec![None; len];

    for wave in 0..waves.len() {
        let members = waves.get(wave).expect("a wave");

        assert!(!members.is_empty());
        for &member in members {
            assert_eq!(found[member].replace(wave), None, "it is in two waves");
        }
    }
    assert!(waves.get(waves.len()).is_none());
    found.into_iter().map(|it| it.expect("in a wave")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_plan_keeps_every_order_that_matters(set in generated(), attach_in_order: bool) {
        let subjects = subjects(&set);
        let attach = if attach_in_order { Pace::InOrder } else { Pace::SideBySide };
        let reattach = |at: usize| match set[at].in_order {
            true => Pace::InOrder,
            false => Pace::SideBySide,
        };

        match Plan::new(&subjects, attach, reattach) {
            Ok(plan) => {
                let release = waves_of(&plan.release, set.len());
                let attached = waves_of(&plan.attach, set.len());
                let reattached = waves_of(&plan.reattach, set.len());

                for (at, subject) in subjects.iter().enumerate() {
                    for &other in &subject.consumers[..] {
                        prop_assert!(release[other] < release[at]);
                        prop_assert!(attached[at] < attached[other]);
                        prop_assert!(reattached[at] < reattached[other]);
                    }
                    for &above in &subject.ancestors[..] {
                        if above < set.len() {
                            prop_assert!(release[at] < release[above]);
                            prop_assert!(attached[above] < attached[at]);
                        }
                    }
                    for other in 0..at {
                        if attach_in_order {
                            prop_assert_ne!(attached[at], attached[other], "side by side");
                        }
                        if set[at].in_order && set[other].in_order {
                            prop_assert_ne!(reattached[at], reattached[other]);
                        }
                    }
                }
                let free = set.iter().all(|it| it.above.is_none() && it.consumers.is_empty());

                if free {
                    // Nothing waits for anything without a reason.
                    prop_assert_eq!(plan.release.len(), 1);
                    if !attach_in_order {
                        prop_assert_eq!(plan.attach.len(), 1);
                    }
                    // Addresses: a shorter number is a smaller one.
                    if attach_in_order {
                        let mut order: Vec<usize> = (0..set.len()).collect();

                        order.sort_by_key(|&at| attached[at]);
                        for pair in order.windows(2) {
                            let key = |at: usize| (set[at].name.len(), set[at].name.clone());

                            prop_assert!(key(pair[0]) <= key(pair[1]));
                        }
                    }
                }
            }
            Err(Conflict::MadeBy(at, maker)) => {
                let subject = &subjects[at];

                prop_assert!(
                    subject.physical_function == Some(maker)
                        || (subject.ancestors.contains(&maker) && !set[maker].bridge)
                );
            }
            Err(Conflict::NeededBy(at, consumer)) => {
                prop_assert!(subjects[at].consumers.contains(&consumer));
                prop_assert!(consumer >= set.len());
            }
            Err(Conflict::Circle(_)) => {
                prop_assert!(set.iter().any(|it| it.above.is_some() || !it.consumers.is_empty()));
            }
            Err(conflict) => prop_assert!(false, "{:?}", conflict),
        }
    }
}
