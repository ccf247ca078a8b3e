// SPDX-License-Identifier: GPL-2.0

//! Properties of the engine, on generated cases.

use crate::{
    fuzz::fuzz,
    model::{
        canonical_text, documented_match, documented_order, fnmatch, ranges_have, serial, Device,
        Words,
    },
    parse_rules,
    policy::rules::{
        builder::RuleBuilder,
        field::{Field, PRECEDENCE},
        param,
        pattern::Pattern,
        slot::{self, Slot, SlotBus},
        table::Table,
        Origin, ParseError, Rule, RuleId,
    },
    precedence, RuleText, Rules, Verdict,
};
use kernel::{prelude::GFP_KERNEL, sync::Arc};
use proptest::prelude::*;

const PATH: &str = "0000:00:0[12]\\.0(/0[01]\\.0){0,2}";

fn text(regex: &str) -> impl Strategy<Value = String> {
    prop::string::string_regex(regex).expect("a regular expression")
}

/// Texts for a field, of few enough values for rules to match often; mostly nothing.
fn value(field: Field) -> impl Strategy<Value = String> {
    let given = match field {
        Field::Bus => "(p|q)".into(),
        Field::Device => "([ab]{1,3}|[ab]{0,2}[*?][ab]{0,2}|[ab]\\[a-b\\][ab*]?)".into(),
        Field::Path => PATH.into(),
        Field::Parent | Field::Below => format!("([ab]{{1,2}}|{PATH})"),
        Field::Firmware => "/[ab]".into(),
        Field::Serial => "([ab]|[01]{15}[AB])".into(),
        Field::Modalias => "([ab]{0,3}\\*[ab]{0,2}\\*?|\\*)".into(),
        Field::Vf => "([0-3]|0-[1-3]|[0-3],[0-3])".into(),
        Field::GroupOwned => "[01]".into(),
        Field::Driver => "x".to_string(),
    };

    prop_oneof![2 => Just(String::new()), 1 => text(&given)]
}

fn words() -> impl Strategy<Value = Words> {
    Field::ALL.map(value).prop_map(Words)
}

fn device() -> impl Strategy<Value = Device> {
    let place = || text(&format!("([ab]{{1,2}}|{PATH})"));

    (
        ("[pq]", "[ab]{1,3}", prop::bool::weighted(0.2)),
        prop::collection::vec(PATH, 0..3),
        prop::collection::vec(place(), 0..3),
        prop::collection::vec(place(), 0..4),
        prop::option::of("/[ab]"),
        prop::option::of("([ab]|[01]{15}[AB])"),
        prop::option::of("[ab]{0,5}"),
        prop::option::of(0u16..4),
        any::<bool>(),
    )
        .prop_map(
            |(
                (bus, name, is_bridge),
                paths,
                parents,
                ancestors,
                firmware,
                number,
                modalias,
                vf,
                group_owned,
            )| Device {
                facts: crate::Device {
                    bus,
                    name,
                    is_bridge,
                    paths,
                    parents,
                    ancestors,
                    firmware,
                    serial: number.map(|number| serial(&number)),
                    modalias,
                    vf,
                    group_owned,
                },
                ..Device::default()
            },
        )
}

fn table(all: &[Words]) -> Table {
    let mut table = Table::new();

    for (id, words) in (0..).zip(all) {
        if let Some(rule) = words.rule(id) {
            table.insert(rule).expect("no such ID yet");
        }
    }
    table
}

/// Texts that come close to what a field takes.
fn near_value() -> impl Strategy<Value = String> {
    prop_oneof![
        "([0-9A-Fa-f]{4}:)?[0-9A-Fa-f]{2}:[01][0-9A-Fa-f]\\.[0-8]",
        "([0-9A-Fa-f]{4}:)?[0-9A-Fa-f]{2}:(\\*|[01][0-9A-F]|\\[[0-9]-[A-F]\\])\\.[0-7*?]",
        "([0-9A-F]{1,5}:)?[0-9A-F]{1,2}:[0-9A-F]{1,2}\\.[0-8](/[0-9A-F]{1,2}\\.[0-7]){0,3}",
        "(pci|usb):((v|d|sv|sd|bc|sc|i|p|dc|ic|isc|in|\\*|\\?)([0-9A-Fa-f]{0,8}|\\[[0-9a-f]-[0-9a-f]\\])){0,6}",
        "(0x)?([0-9A-Fa-f]{2}[-:]){7}[0-9A-Fa-f]{2}",
        "(0x)?[0-9A-Fa-f]{15,17}",
        "\\\\(_SB_?|[A-Za-z_]{1,4})(\\.[A-Za-z0-9_]{1,4}){0,3}",
        "([0-9]{1,5}(-[0-9]{1,5})?,?){0,5}",
        "[ -~]{0,12}",
    ]
}

/// The number of cases for each property, if `OVERDRIVE_CASES` gives one.
fn cases() -> Option<u32> {
    std::env::var("OVERDRIVE_CASES").ok()?.parse().ok()
}

fn first_bad(text: &[u8]) -> Result<(), ParseError> {
    param::parse(text, |rule| rule.map(drop))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases().unwrap_or_else(|| {
            std::env::var("OVERDRIVE_STRESS").map_or(1_000, |_| 200_000)
        }),
        // Who gives a number wants to know fast that there is a failure, not the smallest one.
        max_shrink_iters: cases().map_or(u32::MAX, |_| 0),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// A pattern that is accepted means what fnmatch(3) says.
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
            .filter(|(_, words)| words.spec().is_some() && documented_match(words, &device))
            .min_by(documented_order)
            .map(|(id, _)| id);

        prop_assert_eq!(table(&all).find(&device).map(|rule| rule.id.0), winner);
    }

    /// The explanation names the winner that the lookup finds, and a true reason for each other rule.
    #[test]
    fn explanation_agrees_with_the_lookup(
        all in prop::collection::vec(words(), 0..20),
        device in device(),
    ) {
        let mut rules = Rules::new();

        for words in &all {
            let mut rule = RuleText::new("r");

            for (field, value) in Field::ALL.into_iter().zip(&words.0) {
                rule.set(field.key(), value).expect("a good value");
            }
            rule.set("driver", "x").expect("a driver");
            // The engine's own names are too alike.
            rule.name = format!("r{}", rules.iter().count());
            let _ = rules.add(&rule);
        }
        let winner = rules.find(&device.facts).map(|rule| rule.name.clone());
        let explained = rules.explain(&device.facts);

        prop_assert_eq!(explained.len(), rules.iter().count());
        for it in &explained {
            match &it.verdict {
                Verdict::Wins => prop_assert_eq!(Some(&it.rule.name), winner.as_ref()),
                Verdict::Loses { to, by } => {
                    prop_assert_eq!(Some(to), winner.as_ref());
                    prop_assert!(*by == "older" || precedence().any(|step| step == *by));
                }
                Verdict::Mismatch { field } => prop_assert!(!it.rule.get(field).is_empty()),
                Verdict::Bridge => prop_assert!(device.facts.is_bridge),
            }
            let mismatches = matches!(it.verdict, Verdict::Mismatch { .. });
            prop_assert!(!it.is_near_miss || mismatches);
        }
        prop_assert_eq!(
            explained.iter().filter(|it| it.verdict == Verdict::Wins).count(),
            usize::from(winner.is_some())
        );
    }

    /// Precedence is a total order: the order in which rules are added does not matter.
    #[test]
    fn order_of_insertion_does_not_matter(
        (all, shuffled) in prop::collection::vec(words(), 0..40).prop_flat_map(|all| {
            let ids: Vec<usize> = (0..all.len()).collect();

            (Just(all), Just(ids).prop_shuffle())
        }),
        device in device(),
    ) {
        let mut other = Table::new();

        for id in shuffled {
            if let Some(rule) = all[id].rule(id as u64) {
                other.insert(rule).expect("no such ID yet");
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

    /// The table knows which facts its rules ask for, also after rules were removed.
    #[test]
    fn required_facts_are_those_of_the_rules(
        all in prop::collection::vec(words(), 1..10),
        gone in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
    ) {
        let mut table = table(&all);
        let mut there: Vec<_> = all.iter().map(Words::spec).collect();

        for index in gone {
            let id = index.index(all.len());

            if let Some(spec) = there[id].take() {
                table.remove(&spec, RuleId(id as u64)).expect("it is there");
            }
        }
        let there: Vec<_> = there.into_iter().flatten().collect();
        prop_assert_eq!(table.required().is_some(), !there.is_empty());
        for field in Field::ALL {
            let is_asked = there.iter().any(|spec| !spec.get(field).is_empty());

            prop_assert_eq!(table.required().is_some_and(|it| it.contains(field)), is_asked);
        }
    }

    /// A modalias is expensive to find out: nobody asks unless a rule could need it.
    #[test]
    fn nobody_asks_for_a_modalias_in_vain(
        all in prop::collection::vec(words(), 0..10),
        device in device(),
    ) {
        let needed = all.iter().any(|words| !words.get(Field::Modalias).is_empty());

        table(&all).find(&device);
        prop_assert!(needed || !device.asked_for_modalias.get());
    }

    /// A canonical text is its own canonical form, and a bad character is one of the text's.
    #[test]
    fn canonicalisation_is_idempotent(field in prop::sample::select(&Field::ALL), text in near_value()) {
        match field.canonical(text.as_bytes()) {
            Ok(once) => {
                let again = field.canonical(&once);
                prop_assert_eq!(again.as_ref().map(|it| &it[..]), Ok(&once[..]));
            }
            Err(bad) => prop_assert!(bad.at <= text.len()),
        }
    }

    /// A rule as it is printed reads as the same rule.
    #[test]
    fn printed_rule_reads_as_the_same_rule(
        name in "[a-z,;\\\\]{0,5}",
        texts in prop::collection::vec(
            (prop::sample::select(&Field::ALL), "([ -~]|[,;\\\\]|[ab]){0,6}|\\PC{0,6}|/[a,;\\\\]{0,5}"),
            0..6,
        ),
    ) {
        let mut rule = RuleText::new("");

        if !name.contains([',', ';', '\\']) {
            rule.name = name;
        }
        for (field, text) in &texts {
            let _ = rule.set(field.key(), text);
        }
        let _ = rule.set("device", if rule.get("device").is_empty() { "d" } else { rule.get("device") }.to_string().as_str());
        if rule.driver().is_empty() {
            rule.set("driver", "x").expect("a driver");
        }
        if Rules::new().add(&rule).is_err() {
            // No device has all that it says.
            return Ok(());
        }

        let printed = rule.to_parameter();
        let read = parse_rules(&printed);
        prop_assert_eq!(read.len(), 1, "{}", printed);
        match &read[0] {
            Ok(read) => {
                prop_assert!(rule.given().eq(read.given()), "{}", printed);
                prop_assert!(rule.name.is_empty() || rule.name == read.name);
            }
            Err(error) => prop_assert!(false, "{}: {}", printed, error),
        }
    }

    /// Indices mean what they meant before they were put in order.
    #[test]
    fn canonical_indices_are_the_same_indices(
        ranges in prop::collection::vec((0u16..20, 0u16..4), 1..6),
        index in 0u16..26,
    ) {
        let text: Vec<String> = ranges
            .iter()
            .map(|(first, more)| format!("{first}-{}", first + more))
            .collect();
        let text = text.join(",");
        let canonical = canonical_text(Field::Vf, &text);

        prop_assert_eq!(ranges_have(&canonical, index), ranges_have(&text, index), "{}", canonical);
        let device = Device {
            facts: crate::Device { vf: Some(index), ..crate::Device::default() },
            ..Device::default()
        };
        prop_assert_eq!(
            Field::Vf.matches(canonical.as_bytes(), &device),
            ranges_have(&text, index),
        );
        // No two ranges could be one.
        let ends: Vec<u16> = canonical.split([',', '-']).map(|it| it.parse().expect("number")).collect();
        prop_assert!(ends.is_sorted());
    }

    /// A rule that is bad costs itself: the others are as without it.
    #[test]
    fn bad_rules_leave_the_others_alone(
        lines in prop::collection::vec(
            prop_oneof![
                "device=[ab]{1,3},driver=[ab]",
                "device=a,drivr=b",
                "device=\\[,driver=b",
                "(x|a=b|driver=|=)",
            ],
            1..6,
        ),
        separator in prop::sample::select(vec![";", ",,"]),
    ) {
        let together = parse_rules(&lines.join(separator));

        prop_assert_eq!(together.len(), lines.len());
        for (line, read) in lines.iter().zip(&together) {
            let alone = &parse_rules(line)[0];

            prop_assert_eq!(alone.is_ok(), read.is_ok());
            if let (Ok(alone), Ok(read)) = (alone, read) {
                prop_assert!(alone.given().eq(read.given()));
            }
        }
    }

    /// Any bytes are either rules, or name a character of theirs (or their end).
    #[test]
    fn rules_parameter_takes_any_bytes(text in prop::collection::vec(any::<u8>(), 0..60)) {
        if let Err(bad) = first_bad(&text) {
            prop_assert!(bad.at <= text.len());
        }
    }

    /// The same, for texts that come close to rules.
    #[test]
    fn rules_parameter_takes_any_words(
        text in r"((name|bus|device|parent|modalias|vf|driver|group_owned|x)?=?[a\[*\\1@]{0,3}[,;]?){0,6}",
    ) {
        if let Err(bad) = first_bad(text.as_bytes()) {
            prop_assert!(bad.at <= text.len());
        }
    }

    /// The text before the first bad character is never to blame.
    #[test]
    fn first_bad_character_is_the_first(
        text in r"((bus|device|driver)=[ab\[*]{1,3},){0,2}driver=[ab/\]]{1,3}",
    ) {
        if let Err(bad) = first_bad(text.as_bytes()) {
            let at = bad.at;
            let cut = &text.as_bytes()[..at.min(text.len())];

            // Cut there, the text is good, or it ends too early or within a set.
            if let Err(shorter) = first_bad(cut) {
                prop_assert!(shorter.at >= cut.len().min(at), "{shorter:?}");
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
        let bad = slot::parse_param(text.as_bytes(), |slot| slot.map(drop));
        if let Err(bad) = bad {
            prop_assert!(bad.at <= text.len());
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

/// Each step of the precedence is explained by another name.
#[test]
fn steps_of_the_precedence_have_names_of_their_own() {
    let names: std::collections::HashSet<_> = precedence().collect();

    assert_eq!(names.len(), PRECEDENCE.len());
}

/// Devices and rules as people write them.
#[test]
fn values_become_canonical() {
    let canonical = |key, value| crate::canonical(key, value).map_err(|error| error.at);
    let ok = |text: &str| Ok(text.to_string());

    assert_eq!(canonical("device", "00:04.0"), ok("0000:00:04.0"));
    assert_eq!(canonical("device", "0000:00:1F.3"), ok("0000:00:1f.3"));
    assert_eq!(canonical("device", "E1:1F.*"), ok("0000:e1:1f.*"));
    assert_eq!(canonical("device", "0000:AB:*"), ok("0000:ab:*"));
    assert_eq!(canonical("device", "10000:E1:00.0"), ok("10000:e1:00.0"));
    assert_eq!(canonical("device", "1234:11e8"), Err(Some(0)));
    assert_eq!(canonical("device", "0000:00:20.0"), Err(Some(9)));
    assert_eq!(canonical("device", "00:1f.8"), Err(Some(6)));
    // Names of other buses are left alone.
    for name in [
        "0003:046D:C52B.0001",
        "PNP0C0A:00",
        "0:0:0:0",
        "1-1:1.0",
        "eth0",
        "a000000.virtio_mmio",
    ] {
        assert_eq!(canonical("device", name), ok(name));
    }
    assert_eq!(canonical("parent", "00:10.0"), ok("0000:00:10.0"));
    assert_eq!(canonical("below", "usb1"), ok("usb1"));
    assert_eq!(canonical("below", "0:1C.0/0.0"), ok("0000:00:1c.0/00.0"));
    assert_eq!(canonical("parent", "1234:11E8"), Err(Some(0)));
    assert_eq!(canonical("path", "0:1C.0/0.0"), ok("0000:00:1c.0/00.0"));
    assert_eq!(canonical("path", "0:1c.0/"), Err(Some(7)));
    assert_eq!(canonical("path", "0:1c.0/0.0x"), Err(Some(10)));
    assert_eq!(
        canonical("modalias", "pci:v00001234d000011e8*"),
        ok("pci:v00001234d000011E8*")
    );
    assert_eq!(
        canonical("modalias", "pci:v0000abcdd0000dcbasv*sd*bc0csc03i[1-a]f*"),
        ok("pci:v0000ABCDd0000DCBAsv*sd*bc0Csc03i[1-A]F*")
    );
    assert_eq!(
        canonical("modalias", "usb:v1d6bp0002dc0dedc09dsc*dp*ic0e*"),
        ok("usb:v1D6Bp0002dC0DEdc09dsc*dp*ic0E*")
    );
    assert_eq!(canonical("modalias", "usb:*dc0a*ic*"), ok("usb:*dc0A*ic*"));
    assert_eq!(canonical("modalias", "of:N*Cabcd*"), ok("of:N*Cabcd*"));
    assert_eq!(
        canonical("modalias", "of:Ca\\,b[\\,\\]]\\*"),
        ok("of:Ca,b[,\\]]\\*")
    );
    assert_eq!(canonical("device", "00\\:04.0"), ok("0000:00:04.0"));
    assert_eq!(canonical("modalias", "1234:11e8"), Err(Some(0)));
    for dsn in [
        "525400FFFF123456",
        "0x525400ffff123456",
        "52:54:00:ff:ff:12:34:56",
        "525400ff-ff123456",
        "5254-00ff-FF12-3456",
    ] {
        assert_eq!(canonical("serial", dsn), ok("52-54-00-ff-ff-12-34-56"));
    }
    for serial in [
        "1-0000:00:1d.7-1",
        "4C530001181212103",
        "52-54-00-ff-ff-12-34-5",
        "ABC",
    ] {
        assert_eq!(canonical("serial", serial), ok(serial));
    }
    assert_eq!(
        canonical("firmware", "\\_SB_.pci0.S08_"),
        ok("\\_SB.PCI0.S08")
    );
    assert_eq!(canonical("firmware", "/soc/a@0"), ok("/soc/a@0"));
    assert_eq!(canonical("vf", "7,0-2,3,2"), ok("0-3,7"));
    assert_eq!(canonical("vf", "3-0"), Err(Some(0)));
    assert_eq!(canonical("vf", "0-70000"), Err(Some(6)));
    assert_eq!(canonical("driver", "@standard"), ok("@standard"));
    assert_eq!(canonical("driver", "a driver"), ok("a driver"));
    assert_eq!(canonical("driver", "a/driver"), Err(Some(1)));
    assert_eq!(canonical("driver", "@all"), Err(Some(0)));
    assert_eq!(canonical("bus", "a/b"), Err(Some(1)));
}

/// A value as a user writes it, and what becomes of it: its canonical form, or the index of the first
/// bad character.
type Row = (&'static str, Result<&'static str, usize>);

fn become_canonical(key: &str, rows: &[Row]) {
    for (text, expected) in rows {
        let canonical = crate::canonical(key, text).map_err(|error| error.at);
        let expected = expected.map(str::to_string).map_err(Some);

        assert_eq!(canonical, expected, "{key}={text}");
    }
}

#[test]
fn names_of_devices_in_any_spelling() {
    become_canonical(
        "device",
        &[
            ("0:4.0", Ok("0000:00:04.0")),
            ("0:0:4.0", Ok("0000:00:04.0")),
            ("1:2:3.4", Ok("0001:02:03.4")),
            ("10000:E1:1F.7", Ok("10000:e1:1f.7")),
            ("7fffffff:ff:1f.7", Ok("7fffffff:ff:1f.7")),
            ("80000000:00:04.0", Err(7)),
            ("fffffffff:00:04.0", Ok("fffffffff:00:04.0")),
            ("100:04.0", Err(2)),
            ("1000:04.0", Ok("1000:04.0")),
            ("0000:100:04.0", Err(7)),
            ("0000:1000:04.0", Ok("0000:1000:04.0")),
            ("00:20.0", Err(4)),
            ("00:200.0", Err(4)),
            ("00:2000.0", Ok("00:2000.0")),
            ("00:04.8", Err(6)),
            ("00:04.10", Err(7)),
            ("00:04.100", Ok("00:04.100")),
            ("00:04.", Ok("00:04.")),
            ("00:.0", Ok("00:.0")),
            (":04.0", Ok(":04.0")),
            (":00:04.0", Ok(":00:04.0")),
            ("0000:00:04", Err(10)),
            ("0000:00:4", Err(9)),
            ("000:00:04", Ok("000:00:04")),
            ("0000:000:04", Ok("0000:000:04")),
            ("0000:00:004", Ok("0000:00:004")),
            ("00:04", Ok("00:04")),
            ("0000:00:04.0 ", Err(12)),
            (" 0000:00:04.0", Err(0)),
            ("0000:00:04.0x", Ok("0000:00:04.0x")),
            ("0000:00:04.0\n", Err(12)),
            ("0000:00:04.0\t", Err(12)),
            ("a\\ ", Err(2)),
            ("\\ a", Err(0)),
            ("a\\ b", Ok("a b")),
            ("0000:00:04.0  # gpu", Err(12)),
            ("04:00.0,05:00.0", Err(7)),
            ("04:00.0;", Err(7)),
            ("04:00.0#", Err(7)),
            ("a b", Ok("a b")),
            ("pci:v00008086*", Err(0)),
            ("usb:v1d6b*", Err(0)),
            ("hid:*", Err(0)),
            ("virtio:d*", Err(0)),
            ("Fixed MDIO bus.0", Ok("Fixed MDIO bus.0")),
            ("0000:00:10.0:pcie002", Ok("0000:00:10.0:pcie002")),
            ("pci:0000:00:04.0", Err(0)),
            ("PCI:00:04.0", Err(0)),
            ("pci:eth0", Ok("pci:eth0")),
            ("pcx:00:04.0", Ok("pcx:00:04.0")),
            ("pci/0000:00:04.0", Err(3)),
            ("00:10.0/00.0", Err(7)),
            ("1234:11E8", Err(0)),
            ("1234:11e", Ok("1234:11e")),
            ("123:11e8", Ok("123:11e8")),
            ("1234:11g8", Ok("1234:11g8")),
            ("123g:11e8", Ok("123g:11e8")),
            ("1234-11e8", Ok("1234-11e8")),
            // Patterns.
            ("0:4.*", Ok("0000:00:04.*")),
            ("0000:0A:1F.*", Ok("0000:0a:1f.*")),
            ("0000:0A:*", Ok("0000:0a:*")),
            ("0000:*:1F.3", Ok("0000:*:1f.3")),
            ("*:00:1F.3", Ok("*:00:1f.3")),
            ("*:*:1F.3", Ok("*:*:1f.3")),
            ("*:1F.3", Ok("*:1F.3")),
            ("00:[0-9A]?.0", Ok("0000:00:[0-9a]?.0")),
            ("00:[!B]?.0", Ok("0000:00:[!b]?.0")),
            ("00:[^B]?.0", Ok("0000:00:[^b]?.0")),
            ("0000:00:[9-A]?.0", Ok("0000:00:[9-a]?.0")),
            ("0000:00:[_-a]?.0", Ok("0000:00:[_-a]?.0")),
            ("00:20.*", Err(4)),
            ("00:*.8", Err(5)),
            ("100:*.0", Err(2)),
            ("0000:20:*.9", Err(10)),
            ("0000:[0", Err(5)),
            // Of HID and of USB.
            ("0003:046D:*", Ok("0003:046D:*")),
            ("0003:046D:C52B.*", Ok("0003:046D:C52B.*")),
            ("0003:*:C52B.*", Ok("0003:*:C52B.*")),
            ("0003:*:*.0001", Ok("0003:*:*.0001")),
            ("0003:*:*A.*", Ok("0003:*:*A.*")),
            ("1-*:1.0", Ok("1-*:1.0")),
            ("1-1:1.*", Ok("1-1:1.*")),
            ("ü", Err(0)),
        ],
    );
}

#[test]
fn parents_and_paths_in_any_spelling() {
    let both = [
        ("0:1c.0/0.0", Ok("0000:00:1c.0/00.0")),
        ("10000:E1:1C.0/1F.7/0.0", Ok("10000:e1:1c.0/1f.7/00.0")),
        ("00:1c.0/", Err(8)),
        ("00:1c.0//0.0", Err(8)),
        ("00:1c.0/01:00.0", Err(10)),
        ("00:1c.0/20.0", Err(9)),
        ("00:1c.0/0.8", Err(10)),
        ("00:1c.0/0.0 ", Err(11)),
        (" 00:1c.0/0.0", Err(0)),
        ("00:1c.*/0.0", Err(6)),
        ("/00.0", Err(0)),
    ];
    for key in ["path", "parent", "below"] {
        become_canonical(key, &both);
    }
    become_canonical(
        "path",
        &[
            ("00:1c.0", Ok("0000:00:1c.0")),
            ("1c.0", Err(2)),
            ("eth0", Err(1)),
            ("pci:00:1c.0", Err(0)),
            ("00:1c", Err(5)),
            ("00", Err(2)),
            ("0000:00:1c.0/", Err(13)),
            ("100000000:00:1c.0", Err(8)),
        ],
    );
    for key in ["parent", "below"] {
        become_canonical(
            key,
            &[
                ("0:10.0", Ok("0000:00:10.0")),
                ("0000:00:1C.0", Ok("0000:00:1c.0")),
                ("pci0000:00", Ok("pci0000:00")),
                ("usb1", Ok("usb1")),
                ("1-1:1.0", Ok("1-1:1.0")),
                ("0000:00:10", Err(10)),
                ("0000:00:10.9", Err(11)),
                ("0000:00:*", Err(8)),
                ("usb?", Err(3)),
                ("usb[12]", Err(3)),
                ("00:10.0, 00:11.0", Err(7)),
                ("usb:v*", Err(5)),
                ("usb:v", Err(0)),
                ("pci:00:10.0", Err(0)),
                ("1234:11e8", Err(0)),
                ("usb1 ", Err(4)),
                ("us\tb", Err(2)),
            ],
        );
    }
}

#[test]
fn firmware_nodes_in_any_spelling() {
    become_canonical(
        "firmware",
        &[
            ("\\_SB.PCI0", Ok("\\_SB.PCI0")),
            ("\\_SB_.PCI0.S08_", Ok("\\_SB.PCI0.S08")),
            ("\\_sb.pci0", Ok("\\_SB.PCI0")),
            ("_SB.PCI0", Ok("\\_SB.PCI0")),
            ("_sb_.PCI0", Ok("\\_SB.PCI0")),
            ("_SB", Ok("\\_SB")),
            ("_SBX.PCI0", Ok("_SBX.PCI0")),
            ("\\", Ok("\\")),
            ("\\A___", Ok("\\A_")),
            ("\\____", Ok("\\__")),
            ("\\_SB_.A", Ok("\\_SB.A")),
            ("\\\\_SB", Ok("\\_SB")),
            ("\\\\\\_SB", Err(2)),
            ("\\_SB..PCI0", Err(5)),
            ("\\_SB.", Err(5)),
            ("\\.PCI0", Err(1)),
            ("\\_SB.PCI00", Err(5)),
            ("\\_SB.PC-0", Err(7)),
            ("_SB.PC-0", Err(6)),
            ("_SB.PCI00", Err(4)),
            ("\\_SB.PCI0 ", Err(9)),
            ("\\_SB.*", Err(5)),
            ("/soc/?", Err(5)),
            ("/", Ok("/")),
            ("/soc/a@0", Ok("/soc/a@0")),
            ("/soc/A,b@0", Ok("/soc/A,b@0")),
            ("/soc/a@0/", Err(9)),
            ("/proc/device-tree/soc/a@0", Ok("/soc/a@0")),
            ("/sys/firmware/devicetree/base/soc", Ok("/soc")),
            ("/proc/device-tree", Ok("/")),
            ("/proc/device-trees", Ok("/proc/device-trees")),
            ("/proc/device-tree/soc//a", Err(22)),
            ("/proc/device-tree/soc/", Err(22)),
            ("/soc//a", Err(5)),
            ("//", Err(1)),
            ("node3", Ok("node3")),
            ("/soc/\u{7f}", Err(5)),
        ],
    );
}

#[test]
fn module_aliases_in_any_spelling() {
    become_canonical(
        "modalias",
        &[
            ("*", Ok("*")),
            ("pci:*", Ok("pci:*")),
            ("pci:", Err(4)),
            ("PCI:v*", Err(0)),
            ("Usb:v*", Err(0)),
            ("pci", Ok("pci")),
            ("pci:v00001234d000011e8*", Ok("pci:v00001234d000011E8*")),
            ("pci:v00001234d000011e8", Err(22)),
            ("pci:v1234d11e8*", Err(13)),
            ("pci:v1234*", Ok("pci:v1234*")),
            ("pci:v1234sv*", Err(4)),
            ("pci:v00001234", Err(13)),
            ("pci:v000012345*", Err(13)),
            ("pci:v00001234sv*", Err(13)),
            ("pci:d*", Err(4)),
            ("pci:V00001234*", Err(4)),
            ("pci:v0000abcd?*", Ok("pci:v0000ABCD?*")),
            ("pci:v????abcdd*", Ok("pci:v????ABCDd*")),
            ("pci:v0000[a-c]bcdd*", Ok("pci:v0000[A-C]BCDd*")),
            ("pci:v0000[!a-c]bcdd*", Ok("pci:v0000[!A-C]BCDd*")),
            ("pci:v[G-a]*", Err(6)),
            ("pci:?0000*", Ok("pci:?0000*")),
            ("pci:[v]0000absv*", Ok("pci:[V]0000ABsv*")),
            ("pci:*bc0csc03*", Ok("pci:*bc0Csc03*")),
            ("pci:*bc0csc03i", Err(13)),
            ("pci:v00001234d0000", Err(13)),
            ("pci:*bc0csc03i0f", Ok("pci:*bc0Csc03i0F")),
            ("pci:*bc0c", Err(9)),
            ("pci:*0f", Ok("pci:*0F")),
            (
                "pci:*sv00001af4sd00001100bc01sc00i00",
                Ok("pci:*sv00001AF4sd00001100bc01sc00i00"),
            ),
            ("pci:*abcdsv*", Ok("pci:*ABCDsv*")),
            ("pci:*1dsv*", Ok("pci:*1Dsv*")),
            ("pci:*dsv*", Ok("pci:*Dsv*")),
            ("pci:*d*sv*", Ok("pci:*d*sv*")),
            ("pci:*x*", Ok("pci:*x*")),
            ("pci:v*d*sv*sd*bc*sc*i*x", Ok("pci:v*d*sv*sd*bc*sc*i*x")),
            (
                "pci:v00001234d000011e8sv00000000sd00000000bc00sc00i00x",
                Err(53),
            ),
            (
                "pci:v00001234d000011e8sv00000000sd00000000bc00sc00i00",
                Ok("pci:v00001234d000011E8sv00000000sd00000000bc00sc00i00"),
            ),
            ("usb:v1d6bp0002d*dc09*", Ok("usb:v1D6Bp0002d*dc09*")),
            (
                "usb:v*p*d*dc*dsc*dp*ic08isc06ip50in*",
                Ok("usb:v*p*d*dc*dsc*dp*ic08isc06ip50in*"),
            ),
            ("usb:*ic0aisc0dip*", Ok("usb:*ic0Aisc0Dip*")),
            ("usb:*ic08", Err(9)),
            ("usb:*ic08dc*", Err(9)),
            ("usb:v1234d*", Err(9)),
            ("usb:*dscff*", Ok("usb:*dscFF*")),
            ("usb:*dc[0e]?dsc*", Ok("usb:*dc[0E]?dsc*")),
            ("vfio_pci:v*", Err(0)),
            ("of:N*Cab\\*", Ok("of:N*Cab\\*")),
            ("virtio:d0000000av*", Ok("virtio:d0000000Av*")),
            ("virtio:d1v*", Err(7)),
            (
                "hid:b0003g0001v0000046dp0000c52b",
                Ok("hid:b0003g0001v0000046Dp0000C52B"),
            ),
            ("8086:10d3", Err(0)),
            ("pci:v* ", Err(6)),
        ],
    );
}

#[test]
fn words_in_any_spelling() {
    become_canonical(
        "driver",
        &[
            ("none", Ok("none")),
            ("None", Ok("none")),
            ("@GROUP", Ok("@group")),
            ("@Standard", Ok("@standard")),
            ("vfio-pci", Ok("vfio-pci")),
            ("vfio pci", Ok("vfio pci")),
            ("vfio-pci ", Err(8)),
            ("@", Err(0)),
            (".", Err(0)),
            ("..", Err(0)),
            ("a/b", Err(1)),
            ("ä", Err(0)),
        ],
    );
    become_canonical(
        "bus",
        &[
            ("PCI", Ok("pci")),
            ("Usb", Ok("usb")),
            ("platform", Ok("platform")),
            ("pci ", Err(3)),
            ("pc*", Err(2)),
            ("pc?", Err(2)),
            ("[p]ci", Err(0)),
            ("fsl-mc", Ok("fsl-mc")),
            ("p ci", Err(1)),
            ("pci/", Err(3)),
            ("ß", Err(0)),
        ],
    );
    become_canonical(
        "group_owned",
        &[
            ("0", Ok("")),
            ("1", Ok("1")),
            ("yes", Err(0)),
            ("1 ", Err(1)),
            ("01", Err(0)),
        ],
    );
    become_canonical(
        "vf",
        &[
            ("0", Ok("0")),
            ("00003", Ok("3")),
            ("0,2-3,1", Ok("0-3")),
            ("0-1,3", Ok("0-1,3")),
            ("5-9,0-6", Ok("0-9")),
            ("0-9,2-3", Ok("0-9")),
            ("1,1", Ok("1")),
            ("65535", Ok("65535")),
            ("65534-65535,65535", Ok("65534-65535")),
            ("65536", Err(4)),
            ("99999999999999999999", Err(4)),
            ("7-3", Err(0)),
            ("0,7-3", Err(2)),
            ("3-", Err(2)),
            ("-3", Err(0)),
            ("1-2-3", Err(3)),
            ("0,", Err(2)),
            (",0", Err(0)),
            ("0,,1", Err(2)),
            ("0 ", Err(1)),
            ("0x1", Err(1)),
            ("a", Err(0)),
            ("*", Err(0)),
        ],
    );
    become_canonical(
        "serial",
        &[
            ("52.54.00.ff.ff.12.34.56", Ok("52-54-00-ff-ff-12-34-56")),
            ("52 54 00 FF FF 12 34 56", Ok("52-54-00-ff-ff-12-34-56")),
            ("0X525400FFFF123456", Ok("52-54-00-ff-ff-12-34-56")),
            ("52-54-00-ff-ff-12-34:56", Ok("52-54-00-ff-ff-12-34-56")),
            ("52/54/00/ff/ff/12/34/56", Ok("52/54/00/ff/ff/12/34/56")),
            (
                "5-2-5-4-0-0-f-f-f-f-1-2-3-4-5-6",
                Ok("52-54-00-ff-ff-12-34-56"),
            ),
            ("525-400ff-ff123456", Ok("525-400ff-ff123456")),
            ("525400ffff12345", Ok("525400ffff12345")),
            ("525400ffff1234567", Ok("525400ffff1234567")),
            ("0y525400ffff123456", Ok("0y525400ffff123456")),
            ("525400ffff12345g", Ok("525400ffff12345g")),
            // Some sticks claim blanks around it.
            (" A b ", Ok("A b")),
            ("525400FFFF123456  ", Ok("52-54-00-ff-ff-12-34-56")),
            ("  ", Err(0)),
            ("a\tb", Err(1)),
            ("é", Err(0)),
        ],
    );
}

/// An alias of PCI or USB as the kernel writes it, in parts: a key with its digits, or `*` for some.
fn alias_parts() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let keys: [(&str, &[(&str, usize)]); 2] = [
        (
            "pci:",
            &[
                ("v", 8),
                ("d", 8),
                ("sv", 8),
                ("sd", 8),
                ("bc", 2),
                ("sc", 2),
                ("i", 2),
            ],
        ),
        (
            "usb:",
            &[
                ("v", 4),
                ("p", 4),
                ("d", 4),
                ("dc", 2),
                ("dsc", 2),
                ("dp", 2),
                ("ic", 2),
                ("isc", 2),
                ("ip", 2),
                ("in", 2),
            ],
        ),
    ];

    prop::sample::select(keys.to_vec()).prop_flat_map(|(bus, keys)| {
        let mut parts = vec![Just((bus, String::new())).boxed()];

        for &(key, digits) in keys {
            let digits = prop_oneof![
                text(&format!("[0-9A-F]{{{digits}}}")),
                text(&format!("[0-9A-F]{{0,{}}}\\*", digits - 1)),
                text(&format!("([?]|\\[[0-3]-[A-F]\\]){{{digits}}}")),
            ];
            let digits = digits.prop_filter_map("that is another key", move |digits| {
                // After a `*`, that is `dc`.
                (key != "d" || !digits.starts_with('C')).then_some((key, digits))
            });
            parts.push(digits.boxed());
        }
        parts
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases().unwrap_or(1_000),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Digits of an alias can be written in any case: the alias is as the kernel writes it.
    #[test]
    fn digits_of_an_alias_can_have_any_case(parts in alias_parts()) {
        let join = |digits: fn(&str) -> String| -> String {
            parts.iter().map(|(key, its)| format!("{key}{}", digits(its))).collect()
        };
        let kernels = join(str::to_string);
        let canonical = crate::canonical("modalias", &join(str::to_lowercase));

        prop_assert_eq!(canonical.as_deref(), Ok(kernels.as_str()));
        // Without its end, no alias is matched by it; with a `*` for it, it is a pattern again.
        let cut: String = parts[..parts.len() - 1]
            .iter()
            .map(|(key, its)| format!("{key}{its}"))
            .collect();
        prop_assert_eq!(crate::canonical("modalias", &cut).is_ok(), cut.ends_with('*'));
        let open = cut.clone() + "*";
        prop_assert!(crate::canonical("modalias", &open).is_ok(), "{}", open);
    }

    /// An address is the same device however it is written.
    #[test]
    fn address_is_the_same_in_any_spelling(
        domain in prop_oneof![Just(0u32), 0..=0xffffu32, 0..=0x7fff_ffffu32],
        (bus, device, function) in (0u32..0x102, 0u32..0x22, 0u32..9),
    ) {
        let name = format!("{domain:04x}:{bus:02x}:{device:02x}.{function}");
        let is_one = bus <= 0xff && device <= 0x1f && function <= 7;
        let spellings = [
            name.to_uppercase(),
            format!("{domain:x}:{bus:x}:{device:x}.{function}"),
            if domain == 0 { format!("{bus:02x}:{device:02x}.{function}") } else { name.clone() },
        ];

        for text in &spellings {
            for key in ["device", "parent", "below", "path"] {
                let canonical = crate::canonical(key, text);

                match is_one {
                    true => prop_assert_eq!(canonical.as_deref(), Ok(name.as_str()), "{}={}", key, text),
                    false => prop_assert!(canonical.is_err(), "{}={}", key, text),
                }
            }
        }
    }
}

/// Of two rules that match, the one that comes first in the documented order wins, whichever is older.
#[test]
fn more_specific_rule_wins_over_an_older_one() {
    let device = crate::Device {
        bus: "pci".into(),
        name: "0000:01:00.0".into(),
        paths: vec!["0000:01:00.0".into(), "0000:00:10.0/00.0".into()],
        parents: vec!["0000:00:10.0".into()],
        ancestors: vec![
            "0000:00:10.0".into(),
            "0000:00:01.0/00.0".into(),
            "pci0000:00".into(),
        ],
        firmware: Some("/a".into()),
        serial: Some("s".into()),
        modalias: Some("x:abc".into()),
        vf: None,
        is_bridge: false,
        group_owned: true,
    };
    let order = [
        "device=01:00.0",
        "path=00:10.0/0.0",
        "serial=s",
        "firmware=/a",
        "device=0000:01:00.?",
        "device=0000:01:*",
        "device=*:01:00.*",
        "parent=00:10.0",
        "below=00:01.0/0.0",
        "below=00:10.0",
        "modalias=x:ab?",
        "modalias=x:*",
        "modalias=*b*",
        "group_owned=1",
    ];

    for (i, better) in order.iter().enumerate() {
        for worse in &order[i + 1..] {
            for pair in [[better, worse], [worse, better]] {
                let mut rules = Rules::new();

                for text in pair {
                    let name = if text == better { "better" } else { "worse" };
                    let rule = parse_rules(&format!("name={name},{text},driver=x")).remove(0);

                    rules.add(&rule.expect("good")).expect("complete");
                }
                let winner = rules.find(&device).map(|rule| rule.name.as_str());
                assert_eq!(winner, Some("better"), "{pair:?}");
            }
        }
    }
}

/// In a pattern, a `\` is the pattern's own: what separates rules can follow it, and another one.
#[test]
fn backslash_in_a_pattern_is_the_patterns_own() {
    let read = |text: &str| {
        let rule = parse_rules(text).remove(0).expect("a rule");

        (
            rule.get("modalias").to_string(),
            rule.get("serial").to_string(),
        )
    };

    assert_eq!(read(r"modalias=a\\b*,driver=x").0, r"a\\b*");
    assert_eq!(read(r"modalias=a\,b*,driver=x").0, "a,b*");
    assert_eq!(read(r"serial=a\\b,driver=x").1, r"a\b");
}

/// A rule whose matchers exclude each other is refused, and the reason tells which.
#[test]
fn rule_that_can_match_no_device_is_refused() {
    let refused = |text: &str| {
        let read = parse_rules(&format!("{text},driver=none"));

        match &read[0] {
            Ok(_) => None,
            Err(error) => Some(error.reason),
        }
    };
    let never = [
        ("path=00:1c.0,vf=0", "a virtual function has no path"),
        ("bus=usb,path=00:1c.0", "only a PCI device"),
        ("bus=platform,vf=0", "only a PCI device"),
        ("modalias=usb:v*,vf=0", "only a PCI device"),
        ("modalias=usb:v*,path=00:1c.0", "only a PCI device"),
        ("bus=platform,serial=x", "only PCI and USB"),
        ("bus=pci,modalias=usb:v*", "the modalias"),
        ("bus=usb,modalias=pci:v*", "the modalias"),
        ("bus=hid,modalias=pci:v*", "the modalias"),
        ("bus=pci,modalias=virtio:*", "the modalias"),
        ("bus=usb,modalias=v*", "the modalias"),
        ("bus=pci,device=eth0", "the name of a PCI device"),
        ("bus=PCI,device=1-1", "the name of a PCI device"),
        ("device=00:04.0,parent=0:4.0", "no device is below itself"),
        ("device=1-1,below=1-1", "no device is below itself"),
        ("path=00:1c.0,device=eth0", "device and path"),
        ("path=00:1c.0/0.0,device=01:00.1", "device and path"),
        ("modalias=pci:*bc06sc00*", "bridges and hubs"),
        ("modalias=pci:*bc06sc04*", "bridges and hubs"),
        ("modalias=usb:*dc09*", "bridges and hubs"),
        ("bus=usb,modalias=usb:*ic09*", "bridges and hubs"),
        ("device=00:*.*,modalias=pci:*bc06sc04*", "bridges and hubs"),
        (
            "path=00:1c.0/0.0,below=0:1C.0/0.0",
            "no device is below itself",
        ),
        ("path=00:1c.0,parent=00:1c.0", "no device is below itself"),
    ];
    for (text, reason) in never {
        let found = refused(text);

        assert!(
            found.is_some_and(|it| it.starts_with(reason)),
            "{text}: {found:?}"
        );
    }
    for text in [
        "bus=pci,path=00:1c.0/0.0,below=00:1c.0,device=01:00.0,serial=x,modalias=pci:*",
        "bus=pci,vf=0,modalias=*",
        "path=00:1c.0,modalias=pci:*",
        "vf=0,modalias=*usb:*",
        "path=00:1c.0/0.0,device=01:*.1",
        "device=00:1c.0,modalias=pci:*bc06sc04*",
        "path=00:1c.0,modalias=pci:*bc06sc04*",
        "firmware=/a,modalias=pci:*bc06sc00*",
        "modalias=pci:*bc0[68]sc00*",
        "modalias=usb:*isc09*",
        "modalias=of:*dc09*",
        "modalias=*bc06sc04*",
        "bus=usb,serial=x,modalias=usb:*,device=1-1",
        "bus=pci,serial=x,modalias=p*",
        "bus=pci,modalias=[pq]ci:*",
        "bus=hid,modalias=hid:*,device=eth0",
        "bus=hid,modalias=pci*",
        "bus=pci,device=*",
        "bus=pci,device=eth*",
        "device=00:04.*,below=00:04.0",
        "device=00:04.0,below=00:05.0",
        "below=usb1,parent=usb1",
        "serial=x,parent=a",
    ] {
        assert_eq!(refused(text), None, "{text}");
    }
}

/// Whoever takes a bridge takes what is behind it.
#[test]
fn bridge_is_taken_by_what_names_it_exactly() {
    let bridge = crate::Device {
        bus: "pci".into(),
        name: "0000:01:00.0".into(),
        is_bridge: true,
        paths: vec!["0000:00:10.0/00.0".into(), "0000:01:00.0".into()],
        parents: vec!["0000:00:10.0".into()],
        ancestors: vec!["0000:00:10.0".into()],
        firmware: Some("\\_SB.PCI0.S80".into()),
        serial: Some("x".into()),
        modalias: Some("pci:x".into()),
        ..crate::Device::default()
    };
    let takes = |field: &str, value: &str| {
        let mut rules = Rules::new();
        let mut rule = RuleText::new("r");

        rule.set(field, value).expect("a value");
        rule.set("driver", "none").expect("a driver");
        rules.add(&rule).expect("a rule");
        let endpoint = crate::Device {
            is_bridge: false,
            ..bridge.clone()
        };
        assert!(rules.find(&endpoint).is_some(), "{field}={value}");
        rules.find(&bridge).is_some()
    };

    assert!(takes("device", "01:00.0"));
    assert!(takes("path", "00:10.0/0.0"));
    assert!(takes("firmware", "\\_SB_.PCI0.S80_"));
    assert!(!takes("device", "01:00.*"));
    assert!(!takes("parent", "00:10.0"));
    assert!(!takes("below", "00:10.0"));
    assert!(!takes("serial", "x"));
    assert!(!takes("modalias", "*"));
}

/// A rule by place does not act on another device, and it can be told why.
#[test]
fn near_miss_names_the_matcher_that_failed() {
    let mut rules = Rules::new();

    for rule in parse_rules("name=card,device=01:00.0,serial=0123456789abcdef,driver=vfio-meta") {
        rules.add(&rule.expect("good")).expect("complete");
    }
    let device = crate::Device {
        bus: "pci".into(),
        name: "0000:01:00.0".into(),
        serial: Some(serial("fedcba9876543210")),
        ..crate::Device::default()
    };
    let explained = rules.explain(&device);

    assert!(explained[0].is_near_miss);
    assert_eq!(explained[0].verdict, Verdict::Mismatch { field: "serial" });
}

/// An unknown module alias matches no pattern; one that is empty matches `*`.
#[test]
fn unknown_modalias_matches_no_pattern() {
    let mut device = Device::default();

    assert!(!Field::Modalias.matches(b"*", &device));
    device.facts.modalias = Some(String::new());
    assert!(Field::Modalias.matches(b"*", &device));
}

/// The identity that the module tells of a device is what a rule says of it.
#[test]
fn identity_reads_as_a_device() {
    let text = "path=0000:00:10.0/00.0\npath=0000:01:00.0\nparent=0000:00:10.0\n\
                below=0000:00:10.0\nserial=52-54-00-ff-ff-12-34-56\nvf=3\nnew=1\n";
    let device = crate::Device::from_identity("pci", "0000:01:00.0", text);

    assert_eq!(device.paths.len(), 2);
    assert_eq!(device.vf, Some(3));
    assert_eq!(device.serial.as_deref(), Some("52-54-00-ff-ff-12-34-56"));
    assert!(!device.is_bridge && device.modalias.is_none());
    let stick = crate::Device::from_identity("usb", "1-1", "serial= AB  \n");
    assert_eq!(stick.serial.as_deref(), Some("AB"));
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

    let mut device = Device::default();
    device.facts.name = "0000:12:03.4".into();
    let found = table.find(&device).map(|rule| rule.id);
    assert_eq!(found, Some(RuleId(0x12 << 8 | 3 << 3 | 4)));
    println!("{} bytes per rule at most", Rule::MAX_BYTES);
}

/// Whoever is refused is told why, each time in other words; memory is no fault of the text.
#[test]
fn errors_have_reasons_of_their_own() {
    use crate::policy::rules::rule_error::RuleError;
    use kernel::prelude::{Error, E2BIG, EINVAL, ENOMEM};

    let errors = [
        (RuleError::Never("no device has it"), EINVAL),
        (RuleError::NoDriver, EINVAL),
        (RuleError::NoMatcher, EINVAL),
        (RuleError::TooLong, E2BIG),
        (RuleError::NoMemory, ENOMEM),
    ];
    let reasons: std::collections::HashSet<_> =
        errors.iter().map(|(error, _)| error.reason()).collect();

    assert_eq!(reasons.len(), errors.len());
    assert!(reasons.iter().all(|reason| reason.contains(' ')));
    for (error, errno) in errors {
        assert_eq!(Error::from(error), errno);
    }
    assert_eq!(Error::from(ParseError::new(0, "bad")), EINVAL);
    assert_eq!(Error::from(ParseError::no_memory()), ENOMEM);
}

/// The bound on a rule's memory is no less than its parts, and no more than twice that.
#[test]
fn memory_of_a_rule_is_bounded_by_its_parts() {
    use crate::policy::rules::Spec;

    let parts = size_of::<Rule>() + size_of::<Spec>() + Spec::MAX_TEXT + 2 * size_of::<usize>();

    assert!((parts..2 * parts).contains(&Rule::MAX_BYTES));
}
