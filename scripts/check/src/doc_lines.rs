// SPDX-License-Identifier: GPL-2.0

//! The first line of a doc comment names the thing, and is no question.

use crate::{finding::Finding, tree::Tree};

/// Words that no first line begins with.
const QUESTIONS: &[&str] = &["What", "Whether", "How", "Where", "Who", "Why"];

/// Returns the doc comments whose first line begins as a question.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, text) in tree.rust() {
        let mut inside = None;
        for (index, line) in text.lines().enumerate() {
            let line = line.trim_start();
            let marker = marker(line);
            if let (Some(marker), true) = (marker, marker != inside) {
                let text = line[marker.len()..].trim_start();
                if is_question(text) {
                    findings.push(Finding {
                        file: file.to_owned(),
                        line: index + 1,
                        rule: "doc-lines",
                        text: format!("the first line is no noun phrase: {text}"),
                    });
                }
            }
            inside = marker;
        }
    }
    findings
}

/// Returns the characters that make the line a doc comment, if it is one.
fn marker(line: &str) -> Option<&'static str> {
    ["//!", "///"]
        .into_iter()
        .find(|marker| line.starts_with(marker) && !line.starts_with("////"))
}

fn is_question(text: &str) -> bool {
    let word = text.split(|c: char| !c.is_alphabetic()).next();
    word.is_some_and(|word| QUESTIONS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_line_of_a_doc_comment_counts() {
        let tree = Tree::from([(
            "src/a.rs",
            "//! What a file is.\n\n/// Whether it is.\nfn a() {}\n/// A thing.\n/// What it does\n\
             /// does not count.\nfn b() {}\n    /// Why not.\n// How it works.\n/// Whatever.\n",
        )]);
        let lines: Vec<_> = check(&tree).iter().map(|finding| finding.line).collect();
        assert_eq!(lines, [1, 3, 9]);
    }
}
