// SPDX-License-Identifier: GPL-2.0

//! Removes from a finished build directory what only another build of the kernel would need.
//!
//! What stays: the image, the modules, vmlinux for looking up addresses, and everything that
//! building modules outside the tree reads.

use std::{fs, path::Path};

use anyhow::{Context, Result};

/// Names at the top that are intermediate steps of linking.
const LINK_STEPS: &[&str] = &["vmlinux.o", "vmlinux.unstripped", "vmlinux.a"];

/// Returns how many bytes it freed.
pub(super) fn prune(dir: &Path) -> Result<u64> {
    let mut freed = 0;
    for entry in fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let entry = entry.context("cannot read a directory entry")?;
        let (path, kind) = (entry.path(), entry.file_type().context("no file type")?);
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if kind.is_dir() {
            // These hold programs that build modules, and what is linked into those.
            if name != "scripts" && name != "overdrive-modules" {
                freed += prune(&path)?;
            }
        } else if kind.is_file() && is_intermediate(&name) {
            freed += entry.metadata().context("cannot read a file's size")?.len();
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(freed)
}

fn is_intermediate(name: &str) -> bool {
    name.ends_with(".o")
        || name.ends_with(".a")
        || name.ends_with(".o.cmd")
        || LINK_STEPS.contains(&name)
        || name.starts_with(".tmp_vmlinux")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_modules_need_stays() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let file = |name: &str| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("makes");
            fs::write(&path, "four").expect("writes");
            path
        };
        let kept = [
            "vmlinux",
            "Module.symvers",
            "rust/libkernel.rmeta",
            "rust/libmacros.so",
            "scripts/mod/empty.o",
            "drivers/x.ko",
            "include/generated/autoconf.h",
        ]
        .map(file);
        let gone = [
            "vmlinux.o",
            "kernel/fork.o",
            "lib/built-in.a",
            "rust/kernel.o",
        ]
        .map(file);
        assert_eq!(prune(dir.path()).expect("prunes"), 16);
        assert!(kept.iter().all(|path| path.exists()));
        assert!(gone.iter().all(|path| !path.exists()));
    }
}
