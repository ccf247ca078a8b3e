// SPDX-License-Identifier: GPL-2.0

//! Words that a rule can have in the place of a driver's name.

/// The driver that keeps a group together: the one that other members of the group have, else
/// `none`.
pub(crate) const GROUP: &[u8] = b"@group";

/// The driver that the kernel chooses: the device gets no override. An exception to other rules.
pub(crate) const STANDARD: &[u8] = b"@standard";
