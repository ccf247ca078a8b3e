// SPDX-License-Identifier: GPL-2.0

//! `unsafe` of the module is confined to the folders that argue for it.

use anyhow::Result;

use crate::{finding::Finding, tokens, tree::Tree};

const MODULE: &str = "src/";
const FOLDERS: &[&str] = &["src/abstractions/", "src/bindings/"];

/// Returns each `unsafe` of the module's code outside the two folders.
pub(crate) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (file, text) in tree.rust() {
        if !file.starts_with(MODULE) || FOLDERS.iter().any(|folder| file.starts_with(folder)) {
            continue;
        }
        for line in tokens::lines_of("unsafe", tokens::parse(file, text)?) {
            findings.push(Finding {
                file: file.to_owned(),
                line,
                rule: "unsafe",
                text: "unsafe code belongs in src/abstractions or src/bindings".to_owned(),
            });
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_is_found_inside_macros_and_not_in_attributes() {
        let tree = Tree::from([
            (
                "src/policy.rs",
                "#![deny(unsafe_code)]\nfn f() {\n    m!({ unsafe { g() } });\n}\n",
            ),
            ("src/abstractions/io.rs", "unsafe fn f() {}\n"),
            ("qemu/guest/src/lib.rs", "unsafe fn f() {}\n"),
        ]);
        let findings = check(&tree).expect("is Rust");
        assert_eq!(findings.len(), 1);
        assert_eq!(
            (findings[0].file.as_str(), findings[0].line),
            ("src/policy.rs", 3)
        );
    }
}
