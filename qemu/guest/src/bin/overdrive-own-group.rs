// SPDX-License-Identifier: GPL-2.0

//! Owns an IOMMU group through VFIO until its standard input ends, as a virtual machine does.
//!
//! `overdrive-own-group GROUP` prints `owned` when it has the group.

use anyhow::{Context, Result, ensure};
use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::fd::AsRawFd;

/// `VFIO_GROUP_SET_CONTAINER`, `_IO(';', 100 + 4)`; see `include/uapi/linux/vfio.h`.
const SET_CONTAINER: libc::c_ulong = ((b';' as libc::c_ulong) << 8) | 104;

fn main() -> Result<()> {
    let group = std::env::args().nth(1).context("which group?")?;
    let open = |path: &str| {
        let file = OpenOptions::new().read(true).write(true).open(path);
        file.with_context(|| path.to_owned())
    };
    let container = open("/dev/vfio/vfio")?;
    let group = open(&format!("/dev/vfio/{group}"))?;

    // SAFETY: The request reads an int, and both descriptors are open.
    let ret = unsafe {
        libc::ioctl(
            group.as_raw_fd(),
            SET_CONTAINER as _,
            &container.as_raw_fd(),
        )
    };
    ensure!(
        ret == 0,
        "VFIO_GROUP_SET_CONTAINER: {}",
        io::Error::last_os_error()
    );
    println!("owned");

    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
