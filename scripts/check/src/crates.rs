// SPDX-License-Identifier: GPL-2.0

//! The crates of the tree, each by the file at its root.

use crate::tree::Tree;

/// The root of the module, whose name rustc is told.
pub(crate) const MODULE: &str = "src/overdrive.rs";

/// Returns the files that are roots of crates.
pub(crate) fn roots(tree: &Tree) -> Vec<&str> {
    tree.rust()
        .map(|(file, _)| file)
        .filter(|file| is_root(file))
        .collect()
}

fn is_root(file: &str) -> bool {
    let parts: Vec<_> = file.split('/').collect();
    file == MODULE
        || matches!(
            parts.as_slice(),
            [.., "src", "lib.rs" | "main.rs"]
                | [.., "src", "bin", _]
                | [.., "src", "bin", _, "main.rs"]
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_libraries_programs_and_the_module() {
        for file in [
            "src/overdrive.rs",
            "qemu/guest/src/lib.rs",
            "qemu/guest/src/bin/hold.rs",
            "qemu/guest/src/bin/suite/main.rs",
        ] {
            assert!(is_root(file), "{file}");
        }
        for file in ["src/policy.rs", "qemu/guest/src/bin/suite/irqs.rs"] {
            assert!(!is_root(file), "{file}");
        }
    }
}
