// SPDX-License-Identifier: GPL-2.0

//! Whoever reads of the fields of a rule finds those that it has: each document is compared with the
//! one declaration.

use overdrive_rules::{fields, precedence};
use std::{collections::BTreeSet, fs, path::Path};

/// Reads a file of the tree.
fn read(path: &str) -> String {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");

    fs::read_to_string(tree.join(path)).expect(path)
}

fn declared() -> BTreeSet<String> {
    fields().map(|field| field.key.into()).collect()
}

/// Words of a text that can be the key of a field.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
}

#[test]
fn abi_document_has_a_file_for_each_field() {
    let text = read("Documentation/ABI/testing/configfs-overdrive-rules");
    let others = ["", "enabled", "hits", "apply"];
    let files: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("What:"))
        .filter_map(|it| {
            it.trim()
                .strip_prefix("/sys/kernel/config/overdrive-rules/R/")
        })
        .filter(|file| !others.contains(file))
        .map(str::to_string)
        .collect();

    assert_eq!(files, declared());
}

#[test]
fn abi_document_has_the_steps_of_the_precedence() {
    let text = read("Documentation/ABI/testing/configfs-overdrive-rules");
    let documented: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim().split_once(". "))
        .filter(|(number, _)| number.parse::<u32>().is_ok())
        .filter_map(|(_, step)| step.split([':', ',']).next())
        .collect();

    assert!(
        documented.iter().copied().eq(precedence()),
        "{documented:?}"
    );
}

/// The assertion that keeps the second bound is in the engine itself.
#[test]
fn abi_document_has_the_bounds_of_a_rule() {
    let text = read("Documentation/ABI/testing/configfs-overdrive-rules");
    let rules = read("src/policy/rules.rs");
    let spec = read("src/policy/rules/spec.rs");
    let is_told = |bound: &str| text.contains(&format!("at most {bound} bytes"));

    assert!(spec.contains("MAX_TEXT: usize = 256;") && is_told("256"));
    assert!(rules.contains("assert!(Rule::MAX_BYTES <= 512)") && is_told("512"));
}

#[test]
fn help_of_the_command_has_a_line_for_each_field() {
    let text = read("scripts/overdrive/src/args/help.rs");
    let (_, text) = text
        .split_once("const RULE: &str")
        .expect("the help for rules");
    let (text, _) = text.split_once("\";").expect("its end");
    let keys: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("  "))
        .filter_map(|line| line.split_once('='))
        .map(|(key, _)| key)
        .filter(|key| !key.contains(' '))
        .map(str::to_string)
        .collect();

    assert_eq!(keys, declared());
}

#[test]
fn man_page_lists_each_field() {
    let text = read("Documentation/man/overdrive.8");
    let (_, text) = text
        .split_once("\nThe fields are\n")
        .expect("the list of fields");
    let listed: BTreeSet<String> = text
        .lines()
        .map_while(|line| match line {
            "and" => Some(""),
            line => line.strip_prefix(".Cm "),
        })
        .flat_map(words)
        .filter(|word| !word.is_empty())
        .map(str::to_string)
        .collect();

    assert_eq!(listed, declared());
}

#[test]
fn guide_and_readme_name_each_field() {
    for (path, quote) in [
        ("Documentation/admin-guide/overdrive.rst", "``"),
        ("README.md", "`"),
    ] {
        let text = read(path);
        // What is between quotes, and begins with the word.
        let named: BTreeSet<&str> = text
            .split(quote)
            .skip(1)
            .step_by(2)
            .filter_map(|code| words(code).next())
            .chain(
                text.split_whitespace()
                    .filter_map(|word| Some(word.split_once('=')?.0)),
            )
            .collect();
        let missing: Vec<_> = fields().filter(|it| !named.contains(it.key)).collect();

        assert!(missing.is_empty(), "{path}: {missing:?}");
    }
}
