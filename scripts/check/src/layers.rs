// SPDX-License-Identifier: GPL-2.0

//! A layer of the module uses what is below it, and nothing else.

use anyhow::Result;

use crate::{crates, finding::Finding, imports, tokens, tree::Tree};

/// From the top. A layer may use any that comes after it.
const LAYERS: &[&str] = &[
    "early",
    "interface",
    "policy",
    "transaction",
    "device",
    "bus",
    "abstractions",
    "bindings",
];

/// Beside the layers: it uses the abstractions, and only the crate's root uses it.
const DRIVERS: &str = "drivers";
const DRIVERS_USE: &str = "abstractions";

/// Types that know nothing of any layer, and that all may use.
const LEAVES: &[&str] = &["driver_name", "rule_id"];

/// Items at the crate's root that `module!` makes, and that macros of the kernel crate expect.
const GENERATED: &[&str] = &["THIS_MODULE", "LocalModule"];

/// Logic that is compiled for the host as well, and so uses no module but the leaves and itself.
const PURE: &[&[&str]] = &[&["policy", "rules"], &["transaction", "plan"]];

/// Returns the imports of the module that the order of its layers forbids.
pub(crate) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for import in imports::of(tree, crates::MODULE)? {
        let item = import.item.as_deref();
        if import.to.is_empty() && item.is_some_and(|item| GENERATED.contains(&item)) {
            continue;
        }
        if let Some(why) = forbids(&import.from, &import.to) {
            findings.push(Finding {
                file: import.file,
                line: import.line,
                rule: "layers",
                text: format!(
                    "{} uses {}: {why}",
                    import.from.join("::"),
                    import.to.join("::")
                ),
            });
        }
    }
    findings.extend(raw_bindings(tree)?);
    findings.dedup();
    Ok(findings)
}

fn forbids(from: &[String], to: &[String]) -> Option<&'static str> {
    let (Some(from_layer), to_layer) = (from.first(), to.first().map_or("", String::as_str)) else {
        // The root has the table of contents.
        return None;
    };
    if LEAVES.contains(&to_layer) {
        return None;
    }
    for pure in PURE {
        if starts_with(from, pure) && !starts_with(to, pure) {
            // A parent may be named on the way to the module itself.
            return Some("pure logic uses leaves only");
        }
    }
    if from_layer == to_layer {
        return None;
    }
    let rank = |layer: &str| LAYERS.iter().position(|known| *known == layer);
    match (from_layer.as_str(), to_layer) {
        (DRIVERS, DRIVERS_USE) => None,
        (DRIVERS, _) => Some("drivers use abstractions only"),
        (leaf, "abstractions") if LEAVES.contains(&leaf) => None,
        (from, to) => match (rank(from), rank(to)) {
            (Some(from), Some(to)) if from < to => None,
            _ => Some("that is not below it"),
        },
    }
}

fn starts_with(path: &[String], prefix: &[&str]) -> bool {
    path.len() >= prefix.len() && path.iter().zip(prefix).all(|(a, b)| a == b)
}

/// Returns where drivers name C functions or types: abstractions wrap them.
fn raw_bindings(tree: &Tree) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (file, text) in tree.rust() {
        if file.starts_with("src/drivers/") || file == "src/drivers.rs" {
            for line in tokens::lines_of("bindings", tokens::parse(file, text)?) {
                findings.push(Finding {
                    file: file.to_owned(),
                    line,
                    rule: "layers",
                    text: "drivers use no raw bindings".to_owned(),
                });
            }
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_allowed(from: &str, to: &str) -> bool {
        let path = |text: &str| -> Vec<String> {
            text.split("::")
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect()
        };
        forbids(&path(from), &path(to)).is_none()
    }

    #[test]
    fn arrows_lead_down() {
        for (from, to) in [
            ("interface::rules", "policy"),
            ("policy::apply", "abstractions::device"),
            ("drivers::pci", "abstractions::vfio"),
            ("policy::rules::table", "driver_name"),
            ("policy::rules::table", "policy::rules"),
            ("policy::apply", "policy::rules"),
            ("", "drivers"),
        ] {
            assert!(is_allowed(from, to), "{from} -> {to}");
        }
        for (from, to) in [
            ("device::watch", "policy"),
            ("drivers::pci", "policy::slots"),
            ("drivers::pci", "bindings"),
            ("interface::slots", "drivers"),
            ("policy::rules::table", "abstractions::device"),
            ("policy::rules::table", "policy"),
            ("bus", ""),
        ] {
            assert!(!is_allowed(from, to), "{from} -> {to}");
        }
    }
}
