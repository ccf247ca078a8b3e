// SPDX-License-Identifier: GPL-2.0

//! The basic blocks of a module that was built with `COVERAGE=1`.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::{Context, Result, bail};
use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget, SymbolKind};

use super::{
    layout::{self, Layout},
    lines::{Frame, Lines},
};

/// The function that every block calls first.
const CALLBACK: &str = "__sanitizer_cov_trace_pc";

/// From the start of what a relocation of a call covers to the address that the call returns to; the
/// same number on x86-64 and arm64, for different reasons.
const CALL_END: u64 = 4;

/// No block has more bytes of code: what is between two blocks that are far apart is none.
const LONGEST: u64 = 4096;

/// A counter is for so many bytes of code, in which no two calls can end.
const COUNTER_BYTES: u64 = 4;

/// A basic block.
#[derive(Debug)]
pub(super) struct Block {
    /// The address that its call of [`CALLBACK`] returns to, rounded down to [`COUNTER_BYTES`].
    pub(super) address: u64,
    /// It does nothing but end in a panic: an index or a sum that the compiler could not prove.
    pub(super) panics: bool,
    /// The functions inlined into each other at the block, the innermost first, up to the first one
    /// whose source is the module's own. Copies of one block that the compiler made have the same.
    /// Empty if the code is none of the module's, or the compiler's own.
    pub(super) place: Vec<Frame>,
    /// The places of what follows in it. A function that is inlined has no call of its own where it begins.
    pub(super) rest: Vec<Vec<Frame>>,
    /// It is where a function begins that is not inlined, or not everywhere.
    pub(super) is_entry: bool,
}

/// Reads all blocks of a module whose source is in `root`.
pub(super) fn read(data: &[u8], root: &Path) -> Result<Vec<Block>> {
    let module = object::File::parse(data).context("not an object file")?;
    let layout = Layout::new(&module);
    let calls = calls(&module, &layout)?;
    if calls.is_empty() {
        bail!("nothing in it calls {CALLBACK}");
    }
    let lines = Lines::new(&module, &layout)?;
    let entries = entries(&module, &layout, &calls);
    let mut blocks: Vec<Block> = calls
        .iter()
        .map(|(address, panics)| Block {
            address: address & !(COUNTER_BYTES - 1),
            panics: *panics,
            place: Vec::new(),
            rest: Vec::new(),
            is_entry: entries.contains(address),
        })
        .collect();
    // The call itself, not what comes after it, is sure to belong to the block.
    let starts: Vec<u64> = calls.keys().map(|address| address - 1).collect();
    let ends = starts.iter().skip(1).map(|next| next - CALL_END);
    let spans: Vec<_> = starts
        .iter()
        .zip(ends.chain(starts.last().copied()))
        .map(|(start, end)| *start..end.clamp(*start, start + LONGEST))
        .collect();
    let mut is_first = vec![true; blocks.len()];
    lines.frames(&spans, |number, frames| {
        let place = own_place(frames, root);
        if std::mem::take(&mut is_first[number]) {
            blocks[number].place = place;
        } else if !place.is_empty() {
            blocks[number].rest.push(place);
        }
    })?;
    // What comes last may belong to the next block already, which saves registers before its call.
    for at in 1..blocks.len() {
        let next = blocks[at].place.clone();
        let rest = &mut blocks[at - 1].rest;
        while rest.last().is_some_and(|place| place.last() == next.last()) {
            rest.pop();
        }
    }
    Ok(blocks)
}

/// The calls that are the first ones of a function.
fn entries<'a>(
    module: &impl Object<'a>,
    layout: &Layout,
    calls: &BTreeMap<u64, bool>,
) -> BTreeSet<u64> {
    module
        .symbols()
        .filter(|symbol| symbol.kind() == SymbolKind::Text)
        .filter_map(|symbol| {
            let start = layout.address(symbol.section_index()?) + symbol.address();
            let (first, _) = calls.range(start..start + symbol.size()).next()?;
            Some(*first)
        })
        .collect()
}

/// The addresses that the calls return to, and whether the block's next call is a panic.
fn calls<'a>(module: &impl Object<'a>, layout: &Layout) -> Result<BTreeMap<u64, bool>> {
    let mut calls = BTreeMap::new();
    for section in module.sections().filter(layout::is_code) {
        let base = layout.address(section.index());
        let mut relocations = BTreeMap::new();
        for (offset, relocation) in section.relocations() {
            if let RelocationTarget::Symbol(index) = relocation.target() {
                relocations.insert(offset, module.symbol_by_index(index)?.name().unwrap_or(""));
            }
        }
        let mut last = None;
        for (offset, name) in relocations {
            if name == CALLBACK {
                let address = base + offset + CALL_END;
                calls.insert(address, false);
                last = Some(address);
            } else if is_panic(name) {
                if let Some(address) = last {
                    calls.insert(address, true);
                }
            }
        }
    }
    Ok(calls)
}

/// Returns `true` if a symbol, in Rust's mangling, is a function of `core` that panics.
fn is_panic(symbol: &str) -> bool {
    symbol.starts_with("_R")
        && symbol.contains("4core")
        && (symbol.contains("9panicking") || symbol.contains("_fail"))
}

fn own_place(frames: Vec<Frame>, root: &Path) -> Vec<Frame> {
    let mut place = Vec::new();
    for mut frame in frames {
        let own = own_file(&frame.file, root);
        if let Some(own) = &own {
            frame.file.clone_from(own);
        }
        let line = frame.line;
        place.push(frame);
        if own.is_some() {
            // The compiler's own code has a function, but no line in it.
            return if line == 0 { Vec::new() } else { place };
        }
    }
    Vec::new()
}

/// The name of a source file below `src`, which is what is counted.
fn own_file(file: &str, root: &Path) -> Option<String> {
    let path = Path::new(file);
    let path = path.strip_prefix(root).unwrap_or(path);
    if !path.starts_with("src") || !root.join(path).is_file() {
        return None;
    }
    path.to_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_that_panic_are_told_by_their_symbol() {
        assert!(is_panic(
            "_RNvNtCs9kiMGTJ8Cfb_4core9panicking18panic_bounds_check"
        ));
        assert!(is_panic(
            "_RNvNtNtCs9kiMGTJ8Cfb_4core5slice5index16slice_index_fail"
        ));
        assert!(!is_panic("_RNvMs_NtCs_4core3str4trim"));
        assert!(!is_panic("overdrive_redirect_fail"));
    }
}
