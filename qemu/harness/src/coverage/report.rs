// SPDX-License-Identifier: GPL-2.0

//! Tables of what was reached and what was not.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::Path,
};

use super::{blocks::Block, lines::Frame};

/// All copies of one block that the compiler made are one.
struct Place<'a> {
    frames: &'a [Frame],
    tests: BTreeSet<&'a str>,
}

impl Place<'_> {
    /// The place in the module's own source.
    fn own(&self) -> &Frame {
        // Blocks without one are left out.
        &self.frames[self.frames.len() - 1]
    }

    fn is_reached(&self) -> bool {
        !self.tests.is_empty()
    }
}

/// The module's own code without the tests in it and without blocks that panic.
pub(super) struct Report<'a> {
    places: Vec<Place<'a>>,
    blocks: usize,
    foreign: usize,
    panics: usize,
}

#[derive(Clone, Copy, Default)]
struct Count {
    all: usize,
    reached: usize,
}

impl Count {
    fn add(&mut self, place: &Place<'_>) {
        self.all += 1;
        self.reached += usize::from(place.is_reached());
    }

    fn line(self, name: &str) -> String {
        let percent = 100.0 * self.reached as f64 / self.all.max(1) as f64;
        format!("{:6} {:6} {percent:6.1} % {name}\n", self.reached, self.all)
    }
}

impl<'a> Report<'a> {
    pub(super) fn new(blocks: &'a [Block], tests: &'a BTreeMap<u64, BTreeSet<String>>) -> Self {
        let mut places: BTreeMap<_, Place<'_>> = BTreeMap::new();
        let mut report = Self {
            places: Vec::new(),
            blocks: blocks.len(),
            foreign: 0,
            panics: 0,
        };
        for block in blocks {
            let Some(own) = block.place.last() else {
                report.foreign += 1;
                continue;
            };
            if block.panics {
                report.panics += 1;
                continue;
            }
            if own.function.contains("::tests::") {
                continue;
            }
            // Copies of one function for several types differ in its name.
            let key: Vec<_> = block
                .place
                .iter()
                .rev()
                .map(|frame| (frame.file.as_str(), frame.line, frame.column))
                .collect();
            let place = places.entry(key).or_insert(Place {
                frames: &block.place,
                tests: BTreeSet::new(),
            });
            let reached = tests.get(&block.address).into_iter().flatten();
            place.tests.extend(reached.map(String::as_str));
        }
        report.places = places.into_values().collect();
        report
    }

    /// The number of blocks of each file and folder that are reached.
    pub(super) fn table(&self) -> String {
        let mut files: BTreeMap<&str, Count> = BTreeMap::new();
        let mut folders: BTreeMap<String, Count> = BTreeMap::new();
        let mut all = Count::default();
        for place in &self.places {
            let file = place.own().file.as_str();
            files.entry(file).or_default().add(place);
            folders.entry(folder(file)).or_default().add(place);
            all.add(place);
        }
        let mut text = "reached  blocks\n".to_owned();
        for (file, count) in files {
            text += &count.line(file);
        }
        text.push('\n');
        for (folder, count) in folders {
            text += &count.line(&folder);
        }
        text += &all.line("all of src");
        let _ = writeln!(
            text,
            "Copies of a block that the compiler made count once. Of {} blocks in the module, {} \
             are none of src's, and {} only panic.",
            self.blocks, self.foreign, self.panics
        );
        text
    }

    /// The source lines that no test reaches, or not wholly.
    pub(super) fn unreached(&self, root: &Path) -> String {
        let mut lines: BTreeMap<(&str, u32), (&str, Count)> = BTreeMap::new();
        for place in &self.places {
            let own = place.own();
            let line = lines.entry((&own.file, own.line)).or_default();
            line.0 = &own.function;
            line.1.add(place);
        }
        let mut text = String::new();
        let mut source: (&str, Vec<String>) = ("", Vec::new());
        let mut last = "";
        for ((file, line), (function, count)) in lines {
            if count.reached == count.all {
                continue;
            }
            if source.0 != file {
                let read = fs::read_to_string(root.join(file)).unwrap_or_default();
                source = (file, read.lines().map(str::to_owned).collect());
                let _ = writeln!(text, "\n{file}");
                last = "";
            }
            if last != function {
                let _ = writeln!(text, "  {function}");
                last = function;
            }
            let number = usize::try_from(line).unwrap_or(0);
            let code = number
                .checked_sub(1)
                .and_then(|index| source.1.get(index))
                .map_or("", |code| code.trim());
            let partly = if count.reached > 0 { "~" } else { " " };
            let _ = writeln!(text, "  {partly}{line:5}  {code}");
        }
        text
    }

    /// The number of blocks that each test reaches, and of those that no other one does.
    pub(super) fn tests(&self) -> String {
        let mut tests: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for place in &self.places {
            for test in &place.tests {
                let counts = tests.entry(test).or_default();
                counts.0 += 1;
                counts.1 += usize::from(place.tests.len() == 1);
            }
        }
        let mut text = "reached  alone\n".to_owned();
        for (test, (reached, alone)) in tests {
            let _ = writeln!(text, "{reached:7} {alone:6} {test}");
        }
        text
    }
}

/// The first folder below `src`, or the file there.
fn folder(file: &str) -> String {
    let mut parts = file.split('/').take(2);
    let (first, second) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    format!("{first}/{second}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(file: &str, line: u32, function: &str) -> Frame {
        Frame {
            file: file.to_owned(),
            line,
            column: 1,
            function: function.to_owned(),
        }
    }

    fn block(address: u64, panics: bool, place: Vec<Frame>) -> Block {
        Block {
            address,
            panics,
            place,
        }
    }

    #[test]
    fn copies_of_a_block_count_once() {
        let inlined = frame("/core/result.rs", 9, "branch");
        let blocks = [
            block(4, false, vec![frame("src/a/b.rs", 1, "f")]),
            block(8, false, vec![frame("src/a/b.rs", 1, "f::<u8>")]),
            // The same line, but another way through it.
            block(12, false, vec![inlined, frame("src/a/b.rs", 1, "f")]),
            block(16, true, vec![frame("src/a/b.rs", 2, "f")]),
            block(20, false, vec![frame("src/a/b.rs", 3, "x::tests::g")]),
            block(24, false, vec![]),
        ];
        let tests = BTreeMap::from([(8, BTreeSet::from(["q35:smoke".to_owned()]))]);
        let report = Report::new(&blocks, &tests);
        let table = report.table();
        assert!(
            table.contains("     1      2   50.0 % src/a/b.rs"),
            "{table}"
        );
        assert!(table.contains("Of 6 blocks in the module, 1 are none of src's, and 1 only"));
        assert!(report.tests().contains("      1      1 q35:smoke"));
        assert!(report.unreached(Path::new("/")).contains("~    1  "));
    }
}
