// SPDX-License-Identifier: GPL-2.0

//! The name of a test is unique in the whole tree, and a statement that stands alone.
//!
//! Tests are functions with `#[test]`, results of the selftests, and results of the programs that
//! run in guests. A result may be skipped under the name under which the same file checks it.

use std::{collections::BTreeMap, sync::LazyLock};

use anyhow::Result;
use proc_macro2::{Delimiter, TokenTree};
use regex::Regex;

use crate::{finding::Finding, tokens, tree::Tree};

const SELFTESTS: &str = "qemu/selftests/";
const GUEST_PROGRAMS: &str = "qemu/guest/src/bin/";

/// Words that a statement does not begin with: each needs another statement before it.
const CONTINUATIONS: &[&str] = &[
    "and", "also", "are", "as", "but", "by", "did", "does", "has", "have", "is", "it", "its",
    "nor", "of", "or", "so", "then", "to", "too", "was", "which", "with", "without",
];

/// One place that names a test.
struct Named {
    name: String,
    file: String,
    line: usize,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Function,
    Result,
    Skip,
}

/// Returns the names that are given twice, and those that are fragments.
pub(crate) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let mut all = Vec::new();
    for (file, text) in &tree.files {
        if file.ends_with(".rs") {
            let tokens = tokens::parse(file, text)?;
            functions(file, &tokens, &mut all);
            if file.starts_with(GUEST_PROGRAMS) {
                guest_results(file, &tokens, &mut all);
            }
        } else if file.starts_with(SELFTESTS) && file.ends_with(".sh") {
            shell_results(file, text, &mut all);
        }
    }
    let mut findings = Vec::new();
    let mut first: BTreeMap<&str, &Named> = BTreeMap::new();
    for named in &all {
        if named.kind == Kind::Skip
            && all.iter().any(|other| {
                other.kind != Kind::Skip && other.file == named.file && other.name == named.name
            })
        {
            continue;
        }
        let finding = |text| Finding {
            file: named.file.clone(),
            line: named.line,
            rule: "test-names",
            text,
        };
        match first.get(named.name.as_str()) {
            Some(other) => findings.push(finding(format!(
                "{:?} is the name of {}:{}, too",
                named.name, other.file, other.line
            ))),
            None => {
                first.insert(&named.name, named);
            }
        }
        if named.kind != Kind::Function && is_fragment(&named.name) {
            findings.push(finding(format!("{:?} does not stand alone", named.name)));
        }
    }
    Ok(findings)
}

fn is_fragment(name: &str) -> bool {
    let mut words = name.split_whitespace();
    let first = words.next().unwrap_or_default();
    CONTINUATIONS.contains(&first) || words.next().is_none() && !first.contains('$')
}

/// Finds each `#[test] fn NAME`, whatever else is between the two.
fn functions(file: &str, tokens: &[TokenTree], all: &mut Vec<Named>) {
    let mut is_test = false;
    for (i, token) in tokens.iter().enumerate() {
        if tokens::is_punct(Some(token), '#') {
            let attribute =
                tokens::group(tokens.get(i + 1), Delimiter::Bracket).unwrap_or_default();
            is_test |=
                attribute.len() == 1 && tokens::ident(attribute.first()).as_deref() == Some("test");
        }
        if let (true, Some("fn"), Some(name)) = (
            is_test,
            tokens::ident(Some(token)).as_deref(),
            tokens::ident(tokens.get(i + 1)),
        ) {
            all.push(Named {
                name,
                file: file.to_owned(),
                line: tokens::line(token),
                kind: Kind::Function,
            });
            is_test = false;
        }
        if let TokenTree::Group(group) = token {
            functions(file, &group.stream().into_iter().collect::<Vec<_>>(), all);
        }
    }
}

/// Finds the entries `("NAME", FUNCTION)` of tables, and what is given to `result("NAME", …)`.
fn guest_results(file: &str, tokens: &[TokenTree], all: &mut Vec<Named>) {
    for (i, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else {
            continue;
        };
        let inner: Vec<_> = group.stream().into_iter().collect();
        let is_call = i > 0 && tokens::ident(tokens.get(i - 1)).as_deref() == Some("result");
        let is_entry = !matches!(
            i.checked_sub(1).and_then(|i| tokens.get(i)),
            Some(TokenTree::Ident(_))
        ) && inner[2.min(inner.len())..].iter().all(|token| {
            matches!(token, TokenTree::Ident(_)) || tokens::is_punct(Some(token), ':')
        }) && inner.len() > 2;
        if let (Delimiter::Parenthesis, true, Some(name), true) = (
            group.delimiter(),
            is_call || is_entry,
            tokens::string(inner.first()),
            tokens::is_punct(inner.get(1), ','),
        ) {
            all.push(Named {
                name,
                file: file.to_owned(),
                line: tokens::line(&inner[0]),
                kind: Kind::Result,
            });
        }
        guest_results(file, &inner, all);
    }
}

/// Finds the names that `check`, `check_fails`, `ok` and `skip` are given.
fn shell_results(file: &str, text: &str, all: &mut Vec<Named>) {
    static RESULT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"\b(check|check_fails|ok|skip) "((?:[^"\\]|\\.)*)""#).expect("a valid pattern")
    });
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with('#') {
            continue;
        }
        for found in RESULT.captures_iter(line) {
            let name = found[2].to_owned();
            // What a function of a library passes on.
            if name.starts_with('$') && !name.contains(' ') {
                continue;
            }
            all.push(Named {
                name,
                file: file.to_owned(),
                line: index + 1,
                kind: if &found[1] == "skip" {
                    Kind::Skip
                } else {
                    Kind::Result
                },
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let tree = Tree {
            files: files
                .iter()
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
                .collect(),
        };
        check(&tree)
            .expect("is Rust")
            .iter()
            .map(|finding| format!("{}:{}", finding.file, finding.line))
            .collect()
    }

    #[test]
    fn a_name_is_given_once_in_the_whole_tree() {
        let rust = "mod tests {\n    #[test]\n    #[ignore]\n    fn rules_match() {}\n}\n";
        let found = found(&[("src/a.rs", rust), ("qemu/rules/src/b.rs", rust)]);
        assert_eq!(found, ["src/a.rs:4"]);
    }

    #[test]
    fn results_of_selftests_and_guest_programs_count() {
        let found = found(&[
            (
                "qemu/guest/src/bin/a.rs",
                "const T: &[T] = &[(\"a device is opened\", open)];\n",
            ),
            (
                "qemu/selftests/a.sh",
                "check \"a device is opened\" true\n[ x ] ||\n\tskip \"and a fragment\" \"x\"\ncheck \"$1\" x\n",
            ),
        ]);
        assert_eq!(found, ["qemu/selftests/a.sh:1", "qemu/selftests/a.sh:3"]);
    }

    #[test]
    fn a_check_may_be_skipped_under_its_name() {
        let script =
            "if x; then\n\tcheck \"a device stays\" x\nelse\n\tskip \"a device stays\" y\nfi\n";
        assert!(found(&[("qemu/selftests/a.sh", script)]).is_empty());
    }
}
