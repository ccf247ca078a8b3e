// SPDX-License-Identifier: GPL-2.0

//! The source lines behind addresses of a module's code.
//!
//! A module is a relocatable file: its debug information refers to sections whose addresses are not
//! known yet. They get those of the [`Layout`].

use std::ops::Range;

use addr2line::{
    Context as Addresses,
    gimli::{self, EndianSlice, LittleEndian},
};
use anyhow::{Context, Result, bail};
use object::{Object, ObjectSection, ObjectSymbol, RelocationKind, RelocationTarget};

use super::layout::Layout;

/// A place in the source, and the function that it is in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Frame {
    pub(super) file: String,
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) function: String,
}

/// The debug information, relocated.
pub(super) struct Lines(gimli::DwarfSections<Vec<u8>>);

impl Lines {
    pub(super) fn new<'a>(module: &impl Object<'a>, layout: &Layout) -> Result<Self> {
        let load = |id: gimli::SectionId| relocated(module, layout, id.name());
        Ok(Self(gimli::DwarfSections::load(load)?))
    }

    /// Calls `found` for each of the spans, with its number and what is called where it begins, and where
    /// another line begins in it: the innermost function first.
    pub(super) fn frames(
        &self,
        spans: &[Range<u64>],
        mut found: impl FnMut(usize, Vec<Frame>),
    ) -> Result<()> {
        let dwarf = self.0.borrow(|bytes| EndianSlice::new(bytes, LittleEndian));
        let context = Addresses::from_dwarf(dwarf).context("cannot read debug information")?;
        for (number, span) in spans.iter().enumerate() {
            let rows = context
                .find_location_range(span.start + 1, span.end)
                .context("cannot look a span up")?;
            let starts = rows.map(|row| row.0).filter(|start| *start > span.start);
            for address in std::iter::once(span.start).chain(starts) {
                let mut frames = Vec::new();
                let mut inlined = context
                    .find_frames(address)
                    .skip_all_loads()
                    .context("cannot look an address up")?;
                while let Some(frame) = inlined.next().context("cannot look an address up")? {
                    let function = match &frame.function {
                        Some(name) => name.demangle().context("a function's name")?.into_owned(),
                        None => String::new(),
                    };
                    if let Some(location) = frame.location {
                        frames.push(Frame {
                            file: location.file.unwrap_or_default().to_owned(),
                            line: location.line.unwrap_or(0),
                            column: location.column.unwrap_or(0),
                            function,
                        });
                    }
                }
                found(number, frames);
            }
        }
        Ok(())
    }
}

/// A section's bytes with every reference in them resolved; none if there is no such section.
fn relocated<'a>(module: &impl Object<'a>, layout: &Layout, name: &str) -> Result<Vec<u8>> {
    let Some(section) = module.section_by_name(name) else {
        return Ok(Vec::new());
    };
    let mut data = section.uncompressed_data()?.into_owned();
    for (offset, relocation) in section.relocations() {
        let RelocationTarget::Symbol(index) = relocation.target() else {
            bail!("{name}: a relocation without a symbol");
        };
        if relocation.kind() != RelocationKind::Absolute {
            bail!("{name}: {relocation:?} is not absolute");
        }
        let symbol = module.symbol_by_index(index)?;
        let base = symbol
            .section_index()
            .map_or(0, |section| layout.address(section));
        let value = (base + symbol.address()).wrapping_add_signed(relocation.addend());
        let size = usize::from(relocation.size() / 8);
        let place = usize::try_from(offset)
            .ok()
            .and_then(|offset| data.get_mut(offset..offset.checked_add(size)?))
            .with_context(|| format!("{name}: a relocation outside of it"))?;
        place.copy_from_slice(&value.to_le_bytes()[..size]);
    }
    Ok(data)
}
