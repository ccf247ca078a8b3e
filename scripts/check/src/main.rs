// SPDX-License-Identifier: GPL-2.0

//! Finds where overdrive's tree breaks its own rules.
//!
//! Each rule has a file: [`layers`], [`cycles`], [`unsafe_code`], [`doc_lines`] and [`test_names`]. A
//! finding is a line `FILE:LINE: RULE: TEXT`, as compilers print them. The exit status is 1 if there
//! is any.

mod crates;
mod cycles;
mod doc_lines;
mod finding;
mod imports;
mod layers;
mod modules;
mod test_names;
mod tokens;
mod tree;
mod unsafe_code;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Parser, ValueEnum};

use crate::{finding::Finding, tree::Tree};

/// One rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Rule {
    /// A layer of src uses only those below it
    Layers,
    /// No module uses a sibling that uses it
    Cycles,
    /// The unsafe code of src is in abstractions and bindings
    Unsafe,
    /// The first line of a doc comment is no question
    DocLines,
    /// The name of a test is unique, and a statement
    TestNames,
}

impl Rule {
    fn check(self, tree: &Tree) -> Result<Vec<Finding>> {
        match self {
            Rule::Layers => layers::check(tree),
            Rule::Cycles => cycles::check(tree),
            Rule::Unsafe => unsafe_code::check(tree),
            Rule::DocLines => Ok(doc_lines::check(tree)),
            Rule::TestNames => test_names::check(tree),
        }
    }
}

#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    /// Print what is found, and succeed all the same
    #[arg(long)]
    list: bool,

    /// The tree
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,

    /// The rules to check [default: all]
    rules: Vec<Rule>,
}

fn run(cli: &Cli) -> Result<bool> {
    let tree = Tree::read(&cli.root)?;
    let rules = match cli.rules.as_slice() {
        [] => Rule::value_variants(),
        rules => rules,
    };
    let mut clean = true;
    for rule in rules {
        for finding in rule.check(&tree)? {
            println!("{finding}");
            clean = false;
        }
    }
    Ok(clean || cli.list)
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("overdrive-check: {error:#}");
            ExitCode::from(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Breaks one rule at the end of a file, and returns the findings of that rule.
    fn plant(tree: &Tree, rule: Rule, file: &str, text: &str) -> Vec<Finding> {
        let mut files = tree.files.clone();
        files
            .get_mut(file)
            .expect("the file is in the tree")
            .push_str(text);
        rule.check(&Tree { files }).expect("is Rust")
    }

    #[test]
    fn each_rule_notices_what_is_planted_in_this_tree() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        let tree = Tree::read(Path::new(root)).expect("git knows the tree");
        for rule in Rule::value_variants() {
            assert_eq!(rule.check(&tree).expect("is Rust"), []);
            let (file, text) = match rule {
                Rule::Layers => ("src/bus/force.rs", "use crate::device;"),
                Rule::Cycles => ("src/device/marks.rs", "use super::watch::Handler;"),
                Rule::Unsafe => ("src/policy.rs", "fn f() { unsafe { g() } }"),
                Rule::DocLines => ("src/policy.rs", "/// Whether it is.\nfn f() {}"),
                Rule::TestNames => ("src/policy.rs", "#[test] fn arrows_lead_down() {}"),
            };
            assert_eq!(plant(&tree, *rule, file, text).len(), 1, "{rule:?}");
        }
        let harness = "\nuse crate::test::summary;\n";
        assert!(!plant(&tree, Rule::Cycles, "qemu/harness/src/accel.rs", harness).is_empty());
    }
}
