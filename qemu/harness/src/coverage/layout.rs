// SPDX-License-Identifier: GPL-2.0

//! The places where the kernel's module loader puts the sections that hold code.
//!
//! C source: `kernel/module/main.c`, `layout_sections()`.

use std::collections::HashMap;

use object::{Object, ObjectSection, SectionFlags, SectionIndex, elf};

/// Code that is freed after the module's init function has addresses from here on, as
/// `src/bindings/coverage.c` tells of it.
const INIT_TEXT: u64 = 0x8000_0000;

/// Addresses of the sections that hold code; all others begin at 0.
pub(super) struct Layout(HashMap<SectionIndex, u64>);

impl Layout {
    pub(super) fn new<'a>(module: &impl Object<'a>) -> Self {
        let mut addresses = HashMap::new();
        let mut text = 0_u64;
        let mut init = INIT_TEXT;
        for section in module.sections().filter(is_code) {
            let is_init = section.name().is_ok_and(|name| name.starts_with(".init"));
            let end = if is_init { &mut init } else { &mut text };
            let start = end.next_multiple_of(section.align().max(1));
            addresses.insert(section.index(), start);
            *end = start + section.size();
        }
        Self(addresses)
    }

    pub(super) fn address(&self, section: SectionIndex) -> u64 {
        self.0.get(&section).copied().unwrap_or(0)
    }
}

pub(super) fn is_code<'a>(section: &impl ObjectSection<'a>) -> bool {
    const CODE: u64 = (elf::SHF_ALLOC | elf::SHF_EXECINSTR) as u64;

    matches!(section.flags(), SectionFlags::Elf { sh_flags } if sh_flags & CODE == CODE)
}
