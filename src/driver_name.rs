// SPDX-License-Identifier: GPL-2.0

//! Names of drivers, as users write them.

use kernel::{
    prelude::*,
    str::CString, //
};

/// A name that a driver can have.
///
/// # Invariants
///
/// The name has 1 to [`DriverName::MAX_LEN`] bytes, and each of them is a printable ASCII character
/// other than `/`, with blanks only inside. So the name can be a directory in sysfs, and nothing is
/// lost where a line is trimmed.
#[derive(Debug)]
pub(crate) struct DriverName(CString);

impl DriverName {
    /// The longest name in bytes.
    ///
    /// A driver's name is a file name in sysfs, for which `NAME_MAX` (255) is the limit.
    pub(crate) const MAX_LEN: usize = 255;

    /// The override that keeps a device without a driver: simply a name that no driver has.
    pub(crate) const NONE: &'static [u8] = b"none";

    /// Returns `true` if the bytes, as they stand, are a name that a driver can have.
    pub(crate) fn is_valid(name: &[u8]) -> bool {
        (1..=Self::MAX_LEN).contains(&name.len())
            && name
                .iter()
                .all(|&c| c == b' ' || c.is_ascii_graphic() && c != b'/')
            && name == name.trim_ascii()
            && name != Self::NONE
            // A directory's name can't be these.
            && name != b"."
            && name != b".."
    }

    /// The name.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.to_bytes()
    }

    /// Makes another one.
    pub(crate) fn try_clone(&self) -> Result<Self> {
        Self::try_from(self.as_bytes())
    }

    /// Turns the name into the C string that a driver is registered with.
    pub(crate) fn into_c_string(self) -> CString {
        self.0
    }
}

impl TryFrom<&[u8]> for DriverName {
    type Error = Error;

    /// Takes the name as it stands: no byte is stripped.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the bytes are no name that a driver can have, `ENOMEM`.
    fn try_from(name: &[u8]) -> Result<Self> {
        if !Self::is_valid(name) {
            return Err(EINVAL);
        }

        // INVARIANT: Checked above.
        let name = core::str::from_utf8(name).map_err(|_| EINVAL)?;
        Ok(Self(CString::try_from_fmt(fmt!("{name}"))?))
    }
}

#[kunit_tests(overdrive_driver_name)]
mod tests {
    use super::*;

    fn is_name(name: &[u8]) -> bool {
        DriverName::try_from(name).is_ok()
    }

    #[test]
    fn ordinary_names() {
        assert!(is_name(b"vfio-pci"));
        assert!(is_name(b"3c905"));
        assert!(is_name(b"x"));
    }

    #[test]
    fn length() {
        assert!(!is_name(b""));
        assert!(is_name(&[b'a'; DriverName::MAX_LEN]));
        assert!(!is_name(&[b'a'; DriverName::MAX_LEN + 1]));
    }

    #[test]
    fn bytes_that_no_name_has() {
        for byte in 0..=u8::MAX {
            let valid = (0x20..=0x7e).contains(&byte) && byte != b'/';
            assert_eq!(is_name(&[b'a', byte, b'a']), valid);
        }
    }

    #[test]
    fn a_name_has_blanks_only_inside() {
        assert!(is_name(b"a driver"));
        assert!(is_name(b"a  driver"));
        assert!(!is_name(b" a"));
        assert!(!is_name(b"a "));
        assert!(!is_name(b" "));
    }

    #[test]
    fn reserved() {
        assert!(!is_name(b"none"));
        assert!(!is_name(b"."));
        assert!(!is_name(b".."));
        assert!(is_name(b"nonesuch"));
        assert!(is_name(b"..."));
    }
}
