// SPDX-License-Identifier: GPL-2.0

//! An ACPI table that a machine has beside those of QEMU.
//!
//! The table is 91 bytes and never changes, so that it is written down, in the encoding of chapter 20 of the ACPI
//! specification. The one crate that makes such tables needs a newer compiler than Debian has.

/// The definition block, in ASL:
///
/// ```text
/// Scope (\_SB.PCI0.FWCF)
/// {
///     OperationRegion (PRT_, SystemIO, 0x0510, 0x02)
///     Field (PRT_, WordAcc, NoLock, WriteAsZeros) { SEL_, 16 }
///     Method (_RST, 0, Serialized) { SEL_ = Zero }
/// }
/// ```
#[rustfmt::skip]
const BLOCK: &[u8] = &[
    0x10, 0x36, b'\\', 0x2f, 3, b'_', b'S', b'B', b'_', b'P', b'C', b'I', b'0', b'F', b'W', b'C', b'F',
    // The I/O port at which QEMU's firmware configuration selects what is read next.
    0x5b, 0x80, b'P', b'R', b'T', b'_', 0x01, 0x0b, 0x10, 0x05, 0x0a, 0x02,
    0x5b, 0x81, 0x0b, b'P', b'R', b'T', b'_', 0x42, b'S', b'E', b'L', b'_', 16,
    0x14, 0x0c, b'_', b'R', b'S', b'T', 0x08, 0x70, 0x00, b'S', b'E', b'L', b'_',
];

/// The bytes before a definition block.
const HEADER: usize = 36;

/// A table that gives QEMU's firmware configuration a reset: its first item, a signature, is
/// selected again.
pub(crate) fn reset_of_firmware_configuration() -> Vec<u8> {
    let length = u32::try_from(HEADER + BLOCK.len()).unwrap_or(u32::MAX);
    let mut table = Vec::new();

    table.extend(b"SSDT");
    table.extend(length.to_le_bytes());
    // The revision, and the checksum, which is set last.
    table.extend([2, 0]);
    table.extend(b"OVRDRVFWCFGRST");
    table.extend(1_u32.to_le_bytes());
    // The compiler, and its revision.
    table.extend(b"OVRD");
    table.extend(1_u32.to_le_bytes());
    table.extend(BLOCK);
    table[9] = sum(&table).wrapping_neg();
    table
}

fn sum(table: &[u8]) -> u8 {
    table.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_its_length_and_checksum() {
        let table = reset_of_firmware_configuration();
        let length = u32::from_le_bytes([table[4], table[5], table[6], table[7]]);

        assert_eq!(&table[..4], b"SSDT");
        assert_eq!(usize::try_from(length), Ok(table.len()));
        assert_eq!(sum(&table), 0);
    }

    #[test]
    fn the_packages_of_the_table_have_their_lengths() {
        // The length of a package counts from itself.
        assert_eq!(usize::from(BLOCK[1]), BLOCK.len() - 1);
        assert_eq!(usize::from(BLOCK[31]), 42 - 31);
        assert_eq!(usize::from(BLOCK[43]), BLOCK.len() - 43);
    }
}
