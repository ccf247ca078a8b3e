// SPDX-License-Identifier: GPL-2.0

use super::*;

fn parse(text: &str) -> Block {
    Block::parse(&text.lines().collect::<Vec<_>>())
}

#[test]
fn result_lines() {
    let line = ResultLine::parse("not ok 12 - a name # SKIP no device").expect("a result");
    assert!(!line.ok);
    assert_eq!(line.number, 12);
    assert_eq!(line.name, "a name");
    assert!(line.is_skip());
    assert_eq!(
        ResultLine::parse("ok 1").map(|l| l.name),
        Some(String::new())
    );
    assert_eq!(
        ResultLine::parse("ok 2 x # TIMEOUT 60 seconds").and_then(|l| l.directive),
        Some("TIMEOUT 60 seconds".to_owned())
    );
    assert_eq!(ResultLine::parse("okay 1 x"), None);
    assert_eq!(ResultLine::parse("ok x"), None);
    assert_eq!(ResultLine::parse("# ok 1 x"), None);
}

#[test]
fn what_ktap_helpers_prints() {
    let block = parse(
        "TAP version 13\n1..3\nok 1 bind\n# a remark\nok 2 unbind # SKIP\nok 3 x # XFAIL\n\
         # 1 skipped test(s) detected.\n# Totals: pass:1 fail:0 xfail:1 xpass:0 skip:1 error:0",
    );
    assert!(block.is_good(), "{block:?}");
    assert_eq!((block.passed, block.skipped), (2, 1));
}

#[test]
fn everything_skipped() {
    let block = parse("TAP version 13\n1..0 # SKIP no edu here");
    assert!(block.is_good());
    assert!(block.all_skipped);
}

#[test]
fn failures_are_named() {
    let block = parse("TAP version 13\n1..2\nok 1 a\nnot ok 2 b");
    assert_eq!(block.failed, ["b"]);
    assert!(block.problems.is_empty());
}

#[test]
fn plans_are_kept() {
    assert_eq!(parse("TAP version 13\nok 1 a").problems, ["no plan"]);
    assert_eq!(
        parse("TAP version 13\n1..3\nok 1 a").problems,
        ["3 planned, 1 came"]
    );
    assert_eq!(
        parse("TAP version 13\n1..1\nok 1 a\nok 2 b").problems,
        ["1 planned, 2 came"]
    );
    assert_eq!(
        parse("TAP version 13\n1..0").problems,
        ["an empty plan that does not say SKIP"]
    );
    assert_eq!(
        parse("TAP version 13\n1..1\n1..1\nok 1 a").problems,
        ["a second plan"]
    );
    assert_eq!(parse("1..1\nok 1 a").problems, ["no version line"]);
    assert_eq!(parse("").problems, ["no version line", "no plan"]);
}

#[test]
fn numbers_are_kept() {
    assert_eq!(
        parse("TAP version 13\n1..2\nok 1 a\nok 3 b").problems,
        ["result 2 carries the number 3"]
    );
}

#[test]
fn bailing_out_fails() {
    let block = parse("TAP version 13\n1..2\nok 1 a\nBail out! no memory");
    assert_eq!(block.problems, ["Bail out! no memory", "2 planned, 1 came"]);
}

const KUNIT: &str = "KTAP version 1
1..1
    KTAP version 1
    # Subtest: pattern
    # module: overdrive
    1..2
        KTAP version 1
        # Subtest: stars
        ok 1 none
        ok 2 two
    # stars: pass:2 fail:0 skip:0 total:2
    ok 1 stars
    ok 2 exact # SKIP not today
# pattern: pass:1 fail:0 skip:1 total:2
ok 1 pattern";

#[test]
fn kunit_suites_are_counted_case_by_case() {
    let block = parse(KUNIT);
    assert!(block.is_good(), "{block:?}");
    assert_eq!((block.passed, block.skipped), (2, 1));
}

#[test]
fn a_parent_cannot_hide_its_subtests() {
    let hidden = KUNIT.replace("        ok 2 two", "        not ok 2 two");
    let block = parse(&hidden);
    assert_eq!(block.failed, ["pattern: stars: two"]);
    assert!(
        block
            .problems
            .iter()
            .any(|p| p.contains("its subtests are not"))
    );
}

#[test]
fn subtests_need_their_parent() {
    let block = parse("KTAP version 1\n1..1\nok 1 a\n    KTAP version 1\n    1..1\n    ok 1 b");
    assert_eq!(
        block.problems,
        ["subtests without a result line of their parent"]
    );
}

#[test]
fn indented_text_is_no_subtest() {
    let block = parse("TAP version 13\n1..1\n    some table\nok 1 a");
    assert!(block.is_good());
}

#[test]
fn each_result_is_kept_with_the_reason_of_a_skip() {
    let block = parse(
        "TAP version 13\n1..3\nok 1 a\n    ok 1 x # SKIP no edu\n    not ok 2 y\nnot ok 2 b\nok 3 c # SKIP",
    );
    let singles: Vec<_> = block
        .singles
        .iter()
        .map(|single| (single.name.as_str(), single.kind, single.why.as_str()))
        .collect();
    assert_eq!(
        singles,
        [
            ("a", Kind::Pass, ""),
            ("b: x", Kind::Skip, "no edu"),
            ("b: y", Kind::Fail, ""),
            ("c", Kind::Skip, ""),
        ]
    );
    let block = parse("TAP version 13\n1..0 # SKIP no edu here");
    assert_eq!(block.singles[0].why, "no edu here");
}
