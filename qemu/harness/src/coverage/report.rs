// SPDX-License-Identifier: GPL-2.0

//! Tables of what was reached and what was not.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use super::{blocks::Block, lines::Frame, reasons::Reasons};

/// The lines of a place, from the module's own source on.
///
/// Copies of one function for several types differ in its name. Of a function of another crate, inlined
/// here, each branch counts (`?` has two); what that one goes on to call is its own.
fn key(place: &[Frame]) -> Vec<(&str, u32, u32)> {
    let frames = place.iter().rev().take(2);
    frames
        .map(|frame| (frame.file.as_str(), frame.line, frame.column))
        .collect()
}

/// All copies of one block that the compiler made are one.
struct Place<'a> {
    frames: &'a [Frame],
    tests: BTreeSet<&'a str>,
    /// The functions that begin there, without being inlined.
    entered: BTreeSet<&'a str>,
    /// The source line.
    code: String,
    /// The reason why no test reaches it; of one that a test reaches, none counts.
    reason: Option<&'a str>,
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

    /// The name of what is inlined there, which is none of the module's.
    fn inlined(&self) -> Option<&str> {
        let (_, inner) = self.frames.split_last()?;
        let frame = inner.last()?;
        // Without its crate and types, which are long.
        let name = frame.function.split('<').next().unwrap_or_default();
        let name = if name.is_empty() {
            &frame.function
        } else {
            name
        };
        Some(
            name.trim_end_matches("::")
                .rsplit("::")
                .next()
                .unwrap_or(name),
        )
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
    /// Not reached, for a reason.
    excused: usize,
}

impl Count {
    fn add(&mut self, place: &Place<'_>) {
        self.all += 1;
        self.reached += usize::from(place.is_reached());
        self.excused += usize::from(!place.is_reached() && place.reason.is_some());
    }

    fn line(self, name: &str) -> String {
        let percent = 100.0 * self.reached as f64 / self.all.max(1) as f64;
        format!(
            "{:7} {:7} {:6} {percent:6.1} % {name}\n",
            self.reached, self.excused, self.all
        )
    }
}

impl<'a> Report<'a> {
    /// Makes it of the module's blocks and the tests that reached each. `source` returns the lines of a file.
    pub(super) fn new(
        blocks: &'a [Block],
        tests: &'a BTreeMap<u64, BTreeSet<String>>,
        reasons: &'a Reasons,
        source: impl Fn(&str) -> Vec<String>,
    ) -> Self {
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
            let place = places.entry(key(&block.place)).or_insert(Place {
                frames: &block.place,
                tests: BTreeSet::new(),
                entered: BTreeSet::new(),
                code: String::new(),
                reason: None,
            });
            let reached = tests.get(&block.address).into_iter().flatten();
            place.tests.extend(reached.map(String::as_str));
            if block.is_entry && block.place.len() == 1 {
                place.entered.insert(&own.function);
            }
        }
        // The same code may be inlined elsewhere, in the middle of a block.
        let mut functions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for block in blocks {
            let Some(reached) = tests.get(&block.address) else {
                continue;
            };
            for frames in std::iter::once(&block.place).chain(&block.rest) {
                if let Some(place) = places.get_mut(&key(frames)) {
                    place.tests.extend(reached.iter().map(String::as_str));
                }
                if let Some(own) = frames.last() {
                    let tests = functions.entry(&own.function).or_default();
                    tests.extend(reached.iter().map(String::as_str));
                }
            }
        }
        for place in places.values_mut() {
            let tests = place.entered.iter().filter_map(|it| functions.get(it));
            place.tests.extend(tests.flatten());
        }
        report.places = places.into_values().collect();
        let mut file: (&str, Vec<String>) = ("", Vec::new());
        for place in &mut report.places {
            let own = &place.frames[place.frames.len() - 1];
            if file.0 != own.file {
                file = (&own.file, source(&own.file));
            }
            let index = usize::try_from(own.line).unwrap_or(0).wrapping_sub(1);
            let code = file.1.get(index).map_or("", |code| code.trim());
            place.code = code.to_owned();
            place.reason = reasons.find(&own.file, &own.function, code);
        }
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
        let mut text = "reached excused blocks\n".to_owned();
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
            "{} blocks are not reached, {} of them with a reason.",
            all.all - all.reached,
            all.excused
        );
        let _ = writeln!(
            text,
            "Copies of a block that the compiler made count once, and so does what an inlined \
             function of another crate calls. Of {} blocks in the module, {} are none of src's, \
             and {} only panic.",
            self.blocks, self.foreign, self.panics
        );
        text
    }

    /// The source lines that no test reaches, or not wholly; then those that none can, by the reason.
    pub(super) fn unreached(&self) -> String {
        let mut text = self.lines(|place| place.reason.is_none());
        let reasons: BTreeSet<&str> = self.places.iter().filter_map(|it| it.reason).collect();
        for reason in reasons {
            let lines = self.lines(|place| place.reason == Some(reason));
            if !lines.is_empty() {
                let _ = write!(text, "\n== {reason}\n{lines}");
            }
        }
        text
    }

    /// The source lines with blocks that are meant, and that no test reaches.
    fn lines(&self, is_meant: impl Fn(&Place<'_>) -> bool) -> String {
        /// The unreached blocks of a line.
        #[derive(Default)]
        struct Line<'a> {
            function: &'a str,
            code: &'a str,
            count: Count,
            inlined: BTreeSet<&'a str>,
        }

        let mut lines: BTreeMap<(&str, u32), Line<'_>> = BTreeMap::new();
        for place in self.places.iter().filter(|place| is_meant(place)) {
            let own = place.own();
            let line = lines.entry((&own.file, own.line)).or_default();
            line.function = &own.function;
            line.code = &place.code;
            line.count.add(place);
            if !place.is_reached() {
                line.inlined.extend(place.inlined());
            }
        }
        let mut text = String::new();
        let (mut last_file, mut last_function) = ("", "");
        for ((file, number), line) in lines {
            let Count { all, reached, .. } = line.count;
            if reached == all {
                continue;
            }
            if last_file != file {
                let _ = writeln!(text, "\n{file}");
                (last_file, last_function) = (file, "");
            }
            if last_function != line.function {
                let _ = writeln!(text, "  {}", line.function);
                last_function = line.function;
            }
            let partly = if reached > 0 { "~" } else { " " };
            let inlined: Vec<_> = line.inlined.into_iter().collect();
            let inlined = match inlined.join(", ") {
                names if names.is_empty() => names,
                names => format!("  // {names}"),
            };
            let _ = writeln!(text, "  {partly}{number:5}  {}{inlined}", line.code);
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
            rest: Vec::new(),
            is_entry: false,
        }
    }

    #[test]
    fn what_is_inlined_counts_for_the_function() {
        let inner = |line| vec![frame("src/a.rs", line, "inner")];
        let mut blocks = [
            block(4, false, vec![frame("src/a.rs", 1, "outer")]),
            // The copy that is not inlined, which nobody calls.
            block(8, false, inner(10)),
            block(12, false, inner(12)),
            block(16, false, inner(14)),
        ];
        blocks[0].rest = vec![inner(12)];
        blocks[1].is_entry = true;
        let tests = BTreeMap::from([(4, BTreeSet::from(["q35:smoke".to_owned()]))]);
        let reasons = Reasons::default();
        let report = Report::new(&blocks, &tests, &reasons, |_| Vec::new());
        let unreached = report.unreached();
        assert!(unreached.contains("     14  "), "{unreached}");
        assert_eq!(unreached.lines().count(), 4, "{unreached}");
    }

    #[test]
    fn copies_of_a_block_count_once() {
        let inlined = frame("/core/result.rs", 9, "branch");
        let deeper = |line| frame("/core/option.rs", line, "map");
        let blocks = [
            block(4, false, vec![frame("src/a/b.rs", 1, "f")]),
            block(8, false, vec![frame("src/a/b.rs", 1, "f::<u8>")]),
            // The same line, but another way through it.
            block(
                12,
                false,
                vec![inlined.clone(), frame("src/a/b.rs", 1, "f")],
            ),
            block(
                32,
                false,
                vec![deeper(1), inlined.clone(), frame("src/a/b.rs", 1, "f")],
            ),
            block(
                36,
                false,
                vec![deeper(2), inlined, frame("src/a/b.rs", 1, "f")],
            ),
            block(16, true, vec![frame("src/a/b.rs", 2, "f")]),
            block(20, false, vec![frame("src/a/b.rs", 3, "x::tests::g")]),
            block(24, false, vec![]),
            block(28, false, vec![frame("src/a/b.rs", 3, "f")]),
        ];
        let tests = BTreeMap::from([(8, BTreeSet::from(["q35:smoke".to_owned()]))]);
        let reasons =
            Reasons::parse("nobody removes it\n src/a/b.rs: gone()").expect("well formed");
        let source = |_: &str| ["x", "panic", "gone();"].map(str::to_owned).to_vec();
        let report = Report::new(&blocks, &tests, &reasons, source);
        let table = report.table();
        assert!(
            table.contains("      1       1      3   33.3 % src/a/b.rs"),
            "{table}"
        );
        assert!(
            table.contains("\n2 blocks are not reached, 1 of them with a reason.\n"),
            "{table}"
        );
        assert!(table.contains("Of 9 blocks in the module, 1 are none of src's, and 1 only"));
        assert!(report.tests().contains("      1      1 q35:smoke"));
        let unreached = report.unreached();
        assert!(
            unreached.contains("  f\n  ~    1  x  // branch\n"),
            "{unreached}"
        );
        assert!(
            unreached.contains("\n== nobody removes it\n\nsrc/a/b.rs\n  f\n       3  gone();\n"),
            "{unreached}"
        );
    }
}
