// SPDX-License-Identifier: GPL-2.0

//! Properties of the engine, on generated cases.

use crate::{
    fuzz::fuzz,
    model::{documented_order, fnmatch, Device, Words},
    policy::rules::{
        builder::{Field, RuleBuilder},
        param,
        pattern::Pattern,
        slot::{self, Slot, SlotBus},
        table::Table,
        Origin, Rule, RuleId,
    },
};
use kernel::{prelude::GFP_KERNEL, sync::Arc};
use proptest::prelude::*;
use std::cell::Cell;

fn words() -> impl Strategy<Value = Words> {
    (
        "(|p|q)",
        "(|[ab]{1,3}|[ab]{0,2}[*?][ab]{0,2}|[ab]\\[a-b\\][ab*]?)",
        "(|[ab]{1,2})",
        "(|[ab]{0,3}\\*[ab]{0,2}\\*?|\\*)",
        prop::bool::weighted(0.2),
    )
        .prop_map(|(bus, device, parent, modalias, group_owned)| Words {
            bus,
            device,
            parent,
            modalias,
            group_owned,
        })
}

fn device() -> impl Strategy<Value = Device> {
    (
        "[pq]",
        "[ab]{1,3}",
        "(|[ab]{1,2})",
        "(|[ab]{1,2})",
        "[ab]{0,5}",
        any::<bool>(),
    )
        .prop_map(|(bus, name, parent, pf, modalias, group_owned)| Device {
            bus: bus.into(),
            name: name.into(),
            parents: [parent.into(), pf.into()],
            modalias: modalias.into(),
            group_owned,
            asked_for_modalias: Cell::new(false),
        })
}

fn table(all: &[Words]) -> Table {
    let mut table = Table::new();

    for (id, words) in (0..).zip(all) {
        if let Some(rule) = words.rule(id) {
            table.insert(rule).expect("no such id yet");
        }
    }
    table
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("OVERDRIVE_STRESS").map_or(1_000, |_| 200_000),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// What is accepted as a pattern means what fnmatch(3) says.
    #[test]
    fn globbing_agrees_with_fnmatch(
        pattern in r"([a-c\-\]*?!^\\]|\[[!^]?\]?[a-c\-\\]{0,4}\]){0,8}",
        text in r"[a-c\-\]\[\\*!^]{0,8}",
    ) {
        let (pattern, text) = (pattern.as_bytes(), text.as_bytes());

        if let Ok(compiled) = Pattern::check(pattern) {
            prop_assert_eq!(compiled.matches(text), fnmatch(pattern, text));
            prop_assert!(!compiled.matches(text) || text.starts_with(compiled.prefix()));
            prop_assert!(!compiled.is_literal() || compiled.matches(text) == (pattern == text));
        }
    }

    /// The index finds what the documented order says, for any rules.
    #[test]
    fn the_documented_winner_wins(
        all in prop::collection::vec(words(), 0..40),
        device in device(),
    ) {
        let winner = (0..)
            .zip(&all)
            .filter(|(_, words)| words.spec().is_some_and(|spec| spec.matches(&device)))
            .min_by(documented_order)
            .map(|(id, _)| id);

        prop_assert_eq!(table(&all).find(&device).map(|rule| rule.id.0), winner);
    }

    /// Precedence is a total order: the order in which rules are added does not matter.
    #[test]
    fn order_of_insertion_does_not_matter(
        (all, shuffled) in prop::collection::vec(words(), 0..40).prop_flat_map(|all| {
            let ages: Vec<usize> = (0..all.len()).collect();

            (Just(all), Just(ages).prop_shuffle())
        }),
        device in device(),
    ) {
        let mut other = Table::new();

        for id in shuffled {
            if let Some(rule) = all[id].rule(id as u64) {
                other.insert(rule).expect("no such id yet");
            }
        }
        prop_assert_eq!(
            table(&all).find(&device).map(|rule| rule.id),
            other.find(&device).map(|rule| rule.id),
        );
    }

    /// Removing a rule and adding it back is the identity; a removed rule never wins.
    #[test]
    fn removing_and_adding_back_is_the_identity(
        all in prop::collection::vec(words(), 1..40),
        which in any::<prop::sample::Index>(),
        device in device(),
    ) {
        let mut table = table(&all);
        let id = which.index(all.len());
        let Some(spec) = all[id].spec() else {
            return Ok(());
        };
        let before: Vec<RuleId> = table.iter().map(|rule| rule.id).collect();

        let removed = table.remove(&spec, RuleId(id as u64)).expect("it is there");
        prop_assert!(table.get(&spec, RuleId(id as u64)).is_none());
        prop_assert!(table.find(&device).map(|rule| rule.id) != Some(removed.id));
        prop_assert!(table.remove(&spec, RuleId(id as u64)).is_none());

        table.insert(all[id].rule(id as u64).expect("a rule")).expect("it is not there");
        let after: Vec<RuleId> = table.iter().map(|rule| rule.id).collect();
        prop_assert_eq!(before, after);
    }

    /// A modalias is expensive to find out: nobody asks unless a rule could need it.
    #[test]
    fn nobody_asks_for_a_modalias_in_vain(
        all in prop::collection::vec(words(), 0..10),
        device in device(),
    ) {
        let needed = all.iter().any(|words| !words.modalias.is_empty());

        table(&all).find(&device);
        prop_assert!(needed || !device.asked_for_modalias.get());
    }

    /// Any bytes are either rules, or name a character of theirs (or their end).
    #[test]
    fn rules_parameter_takes_any_bytes(text in prop::collection::vec(any::<u8>(), 0..60)) {
        if let Err(bad) = param::parse(&text) {
            prop_assert!(bad.at.0 <= text.len());
        }
    }

    /// The same, for texts that come close to rules.
    #[test]
    fn rules_parameter_takes_any_words(
        text in r"((name|bus|device|parent|modalias|driver|group_owned|x)?=?[a\[*\\1@]{0,3}[,;]?){0,6}",
    ) {
        if let Err(bad) = param::parse(text.as_bytes()) {
            prop_assert!(bad.at.0 <= text.len());
        }
    }

    /// What comes before the first bad character is never to blame.
    #[test]
    fn first_bad_character_is_the_first(
        text in r"((bus|device|driver)=[ab\[*]{1,3},){0,2}driver=[ab/\]]{1,3}",
    ) {
        if let Err(bad) = param::parse(text.as_bytes()) {
            let at = bad.at.0;
            let cut = &text.as_bytes()[..at.min(text.len())];

            // Cut there, the text is good, or it ends too early or within a set.
            if let Err(shorter) = param::parse(cut) {
                prop_assert!(shorter.at.0 >= cut.len().min(at), "{shorter:?}");
            }
        }
    }

    /// The fuzzer's target keeps what it promises, also without guidance.
    #[test]
    fn fuzz_target_takes_any_bytes(data in prop::collection::vec(any::<u8>(), 0..200)) {
        fuzz(&data);
    }

    #[test]
    fn slots_parameter_takes_any_bytes(text in r"[()0-9a-f:.*x/platform]{0,24}") {
        if let Err(bad) = slot::parse_param(text.as_bytes()) {
            prop_assert!(bad.at.0 <= text.len());
        }
    }

    /// Every address in a slot matches, every other does not.
    #[test]
    fn slots_hold_their_addresses(
        (bus, device, function) in (0u32..=0xff, 0u32..=0x1f, 0u32..=7),
        (all_devices, all_functions) in any::<(bool, bool)>(),
        (b, d, f) in (0u32..=0xff, 0u32..=0x1f, 0u32..=7),
    ) {
        let device_text = if all_devices { "*".into() } else { format!("{device:x}") };
        let function_text = if all_functions { "*".into() } else { format!("{function}") };
        let slot = format!("{bus:x}:{device_text}.{function_text}");
        let slot = Slot::parse(SlotBus::Pci, slot.as_bytes()).expect("a slot");

        for (b, d, f) in [(b, d, f), (bus, d, f), (bus, device, f), (bus, device, function)] {
            let expected = b == bus
                && (all_devices || d == device)
                && (all_functions || f == function);
            let name = format!("0000:{b:02x}:{d:02x}.{f}");

            prop_assert_eq!(Pattern(slot.device()).matches(name.as_bytes()), expected);
        }
    }
}

/// A table of ten thousand rules is searched, not walked.
#[test]
fn many_rules() {
    let mut table = Table::new();

    for n in 0..10_000u64 {
        let mut builder = RuleBuilder::default();
        let name = format!("0000:{:02x}:{:02x}.{}", n >> 8, (n >> 3) & 31, n & 7);

        builder.set(Field::Device, name.as_bytes()).expect("valid");
        builder.set(Field::Driver, b"x").expect("valid");
        let spec = Arc::new(builder.compile(b"r").expect("complete"), GFP_KERNEL).expect("memory");
        table
            .insert(Rule {
                spec,
                id: RuleId(n),
                origin: Origin::Rule,
                hits: 0,
            })
            .expect("new");
    }

    let device = Device {
        bus: b"pci".to_vec(),
        name: b"0000:12:03.4".to_vec(),
        parents: [vec![], vec![]],
        modalias: vec![],
        group_owned: false,
        asked_for_modalias: Cell::new(false),
    };
    let found = table.find(&device).map(|rule| rule.id);
    assert_eq!(found, Some(RuleId(0x12 << 8 | 3 << 3 | 4)));
    println!("{} bytes per rule at most", Rule::MAX_BYTES);
}
