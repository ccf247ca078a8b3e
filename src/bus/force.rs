// SPDX-License-Identifier: GPL-2.0

//! The buses on which a device can be forced on a driver that its bus doesn't match it with.
//!
//! See `Documentation/driver-api/overdrive-force.rst` for each bus, and why.

/// Those whose probe neither needs what only the match finds, nor takes a device for what it is not.
const FORCE: [&[u8]; 1] = [b"virtio"];

/// Whether devices can be forced on drivers.
///
/// # Errors
///
/// Why they can't.
pub(super) fn check(bus: &[u8]) -> Result<(), &'static str> {
    if FORCE.contains(&bus) {
        Ok(())
    } else {
        Err("it is not among the buses whose drivers can take any device")
    }
}
