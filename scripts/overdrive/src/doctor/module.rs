// SPDX-License-Identifier: GPL-2.0

//! The module itself.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
};

use super::Finding;
use crate::{modules, system::System};

/// Adds that the module is not there, and why.
pub(super) fn examine(system: &System, findings: &mut Vec<Finding>) {
    if modules::is_overdrive_loaded(system) {
        return;
    }
    let Some(file) = modules::installed_file(system, "overdrive") else {
        findings.push(
            Finding::bad(
                "module-missing",
                "overdrive",
                format!(
                    "there is no module for the kernel {}",
                    modules::release(system)
                ),
            )
            .remedy("build it for this kernel: see the README, or dkms status"),
        );
        return;
    };
    if wants_signatures(system) && !is_signed(system, &file) {
        findings.push(
            Finding::bad(
                "module-unsigned",
                "overdrive",
                format!("the kernel loads signed modules only, and {file} has no signature"),
            )
            .remedy(
                "sign it with a key that the machine trusts: dkms does it with its own key, which mokutil --import enrols (see Secure Boot in the administrator's guide)",
            ),
        );
        return;
    }
    findings.push(
        Finding::bad(
            "module-not-loaded",
            "overdrive",
            "the module is not loaded: no rule holds, and a rebind is no transaction",
        )
        .remedy("modprobe overdrive"),
    );
}

/// Returns `true` if the kernel refuses modules without a signature.
fn wants_signatures(system: &System) -> bool {
    let lockdown = system.line("/sys/kernel/security/lockdown");
    system.line("/sys/module/module/parameters/sig_enforce") == "Y"
        || ["[integrity]", "[confidentiality]"]
            .iter()
            .any(|level| lockdown.contains(level))
}

/// Returns `true` if the file of a module ends as a signed one does; of a compressed one, it is taken for granted.
fn is_signed(system: &System, file: &str) -> bool {
    const END: &[u8] = b"~Module signature appended~\n";

    if !file.ends_with(".ko") {
        return true;
    }
    let read = || -> std::io::Result<bool> {
        let mut file = File::open(system.at_root(file))?;
        let mut end = vec![0; END.len()];
        file.seek(SeekFrom::End(-i64::try_from(END.len()).unwrap_or(0)))?;
        file.read_exact(&mut end)?;
        Ok(end == END)
    };
    read().unwrap_or(false)
}
