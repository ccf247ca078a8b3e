// SPDX-License-Identifier: GPL-2.0

//! Which basic blocks of the module the tests reach.
//!
//! The guest tells, after each test, which blocks ran: their addresses, as `overdrive_coverage.ko` has
//! them. `overdrive.ko` knows of all blocks that there are, and where they come from.

mod blocks;
mod layout;
mod lines;
mod reasons;
mod report;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use self::{reasons::Reasons, report::Report};
use crate::{qemu::Event, target::Target};

/// The reasons why no test reaches some blocks.
const REASONS: &str = "qemu/unreached";

/// The file in `build/coverage` with what was reached.
const ADDRESSES: &str = "addresses.txt";

/// The beginning of a line of addresses of the guest's runner: the test's name and the addresses follow.
const REACHED: &str = "# reached ";

/// Collects what all guests of a run tell.
#[derive(Default)]
pub(crate) struct Coverage {
    /// The tests that reached a block, by its address.
    tests: Mutex<BTreeMap<u64, BTreeSet<String>>>,
}

impl Coverage {
    /// Takes the event if it tells of blocks; returns `true` if it does.
    pub(crate) fn take(&self, event: &Event, machine: &str) -> bool {
        let Event::Port(line) = event else {
            return false;
        };
        let Some(words) = line.strip_prefix(REACHED) else {
            return false;
        };
        let mut words = words.split_whitespace();
        let test = format!("{machine}:{}", words.next().unwrap_or_default());
        let mut tests = self.tests.lock().unwrap_or_else(PoisonError::into_inner);
        for address in words.filter_map(|word| u64::from_str_radix(word, 16).ok()) {
            tests.entry(address).or_default().insert(test.clone());
        }
        true
    }

    /// Prints the table, and writes it and the other views into `build/coverage`. What earlier runs of the
    /// same module reached counts as well.
    pub(crate) fn finish(self, target: &Target) -> Result<()> {
        let mut tests = self
            .tests
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let module = target.module_dir().join("overdrive.ko");
        let data =
            fs::read(&module).with_context(|| format!("cannot read {}", module.display()))?;
        let blocks = blocks::read(&data, &target.root)
            .with_context(|| format!("cannot read the blocks of {}", module.display()))?;
        let known: BTreeSet<u64> = blocks.iter().map(|block| block.address).collect();
        let unknown = tests.keys().filter(|at| !known.contains(at)).count();
        if tests.is_empty() || unknown > 0 {
            bail!(
                "{} blocks reported, {unknown} of them unknown: was {} built with COVERAGE=1, \
                 and run?",
                tests.len(),
                module.display()
            );
        }
        let path = target.root.join(REASONS);
        let reasons = fs::read_to_string(&path)
            .map_err(anyhow::Error::from)
            .and_then(|text| Reasons::parse(&text))
            .with_context(|| format!("cannot read {}", path.display()))?;
        let dir = target.build_dir().join("coverage").join(target.name());
        fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        let digest: String = Sha256::digest(&data)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        if let Ok(earlier) = fs::read_to_string(dir.join(ADDRESSES)) {
            add_earlier(&mut tests, &earlier, &digest);
        }
        let report = Report::new(&blocks, &tests, &reasons, |file| {
            let text = fs::read_to_string(target.root.join(file)).unwrap_or_default();
            text.lines().map(str::to_owned).collect()
        });
        let table = report.table();
        println!("\n{table}");
        for (name, text) in [
            ("files.txt", table),
            ("unreached.txt", report.unreached()),
            ("tests.txt", report.tests()),
            (ADDRESSES, addresses(&tests, &digest)),
        ] {
            write(&dir.join(name), &text)?;
        }
        println!("per test and what no test reaches: {}", dir.display());
        Ok(())
    }
}

/// The module's digest; then a line for each block: its address, and the tests that reached it.
fn addresses(tests: &BTreeMap<u64, BTreeSet<String>>, digest: &str) -> String {
    let mut text = format!("{digest}\n");
    for (address, names) in tests {
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        text += &format!("{address:x} {}\n", names.join(" "));
    }
    text
}

/// Adds what [`addresses`] made, unless the module was another one.
fn add_earlier(tests: &mut BTreeMap<u64, BTreeSet<String>>, text: &str, digest: &str) {
    let mut lines = text.lines();
    if lines.next() != Some(digest) {
        return;
    }
    for line in lines {
        let mut words = line.split(' ');
        let address = words.next().map(|word| u64::from_str_radix(word, 16));
        if let Some(Ok(address)) = address {
            let names = tests.entry(address).or_default();
            names.extend(words.map(str::to_owned));
        }
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_addresses_are_told_from_the_others() {
        let coverage = Coverage::default();
        let port = |line: &str| Event::Port(line.to_owned());
        assert!(!coverage.take(&port("ok 1 smoke"), "q35"));
        assert!(!coverage.take(&Event::Console("# reached a 1".into()), "q35"));
        assert!(coverage.take(&port("# reached smoke 1a 2b"), "q35"));
        assert!(coverage.take(&port("# reached rules 2b"), "q35"));
        let tests = coverage.tests.lock().expect("not poisoned");
        assert_eq!(tests.keys().copied().collect::<Vec<_>>(), [0x1a, 0x2b]);
        assert!(tests[&0x2b].contains("q35:rules"));
    }

    #[test]
    fn runs_of_one_module_add_up() {
        let reached = |test: &str| BTreeMap::from([(0x1a, BTreeSet::from([test.to_owned()]))]);
        let earlier = addresses(&reached("q35:smoke"), "one");
        let mut tests = reached("q35:rules");
        add_earlier(&mut tests, &earlier, "another");
        assert_eq!(tests, reached("q35:rules"));
        add_earlier(&mut tests, &earlier, "one");
        assert_eq!(tests[&0x1a].len(), 2);
    }
}
