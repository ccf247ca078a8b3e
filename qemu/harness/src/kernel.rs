// SPDX-License-Identifier: GPL-2.0

//! `overdrive-harness kernel`: builds the test kernel, once for everything that shapes it.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::target::Target;

/// Where the kernel's own modules are installed: `lib/modules` of the guest.
pub(crate) fn installed_modules(target: &Target) -> Result<PathBuf> {
    let dir = target.kernel_link().join("overdrive-modules/lib/modules");
    if !dir.is_dir() {
        bail!("no test kernel {}; `make kernel` builds it", target.name());
    }
    Ok(dir)
}
