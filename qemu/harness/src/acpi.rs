// SPDX-License-Identifier: GPL-2.0

//! An ACPI table that a machine has beside those of QEMU.

use acpi_tables::{
    Aml,
    aml::{
        Field, FieldAccessType, FieldEntry, FieldLockRule, FieldUpdateRule, Method, OpRegion,
        OpRegionSpace, Path, Scope, Store, ZERO,
    },
    sdt::Sdt,
};

/// The I/O port at which QEMU's firmware configuration selects what is read next.
const SELECTOR: u16 = 0x510;

/// A table that gives QEMU's firmware configuration a reset: its first item, a signature, is
/// selected again.
pub(crate) fn reset_of_firmware_configuration() -> Vec<u8> {
    let width: u16 = 2;
    let field = Path::new("SEL_");
    let ports = OpRegion::new("PRT_".into(), OpRegionSpace::SystemIO, &SELECTOR, &width);
    let registers = Field::new(
        "PRT_".into(),
        FieldAccessType::Word,
        FieldLockRule::NoLock,
        FieldUpdateRule::WriteAsZeroes,
        vec![FieldEntry::Named(*b"SEL_", 16)],
    );
    let select = Store::new(&field, &ZERO);
    let reset = Method::new("_RST".into(), 0, true, vec![&select]);
    let device = Scope::new("\\_SB_.PCI0.FWCF".into(), vec![&ports, &registers, &reset]);

    let mut aml = Vec::new();
    device.to_aml_bytes(&mut aml);
    let mut table = Sdt::new(*b"SSDT", 36, 2, *b"OVRDRV", *b"FWCFGRST", 1);
    table.append_slice(&aml);
    table.as_slice().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        let table = reset_of_firmware_configuration();
        let length = u32::from_le_bytes([table[4], table[5], table[6], table[7]]);
        let sum = table.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));

        assert_eq!(&table[..4], b"SSDT");
        assert_eq!(usize::try_from(length), Ok(table.len()));
        assert_eq!(sum, 0);
        assert!(table.windows(4).any(|word| word == b"_RST"));
    }
}
