// SPDX-License-Identifier: GPL-2.0

//! The scripts of `qemu/selftests` and what their header comments ask for.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::{
    machine::{self, Machine},
    target::Flavor,
};

/// The library that tests in any folder may rely on.
pub(crate) const LIBRARY: &str = "lib.sh";

/// The beginning of a test; a script without it is one that others source.
const PROGRAM: &str = "#!";

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// One script.
#[derive(Clone, Debug)]
pub(crate) struct Selftest {
    /// The file's name without `.sh`.
    pub(crate) name: String,
    pub(crate) wants: Wants,
}

/// The directives of a script's header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wants {
    /// `# Machines: NAME…`; all when it is missing.
    machines: Option<Vec<String>>,
    /// `# Timeout: SECONDS`.
    pub(crate) timeout: Duration,
    /// `# Append: WORDS`: more kernel command line, and so a boot of its own.
    pub(crate) append: String,
    /// `# Flavors: NAME…`; all but `bench` when it is missing.
    flavors: Vec<Flavor>,
    /// `# Optional: TEXT (WHY)`, any number of times: what may be absent even where the kernel is one
    /// that we configure, as the reason of a skip says it, and why it may.
    pub(crate) optional: Vec<String>,
}

impl Wants {
    fn parse(script: &str) -> Result<Self> {
        let mut wants = Wants {
            machines: None,
            timeout: DEFAULT_TIMEOUT,
            append: String::new(),
            flavors: vec![Flavor::Test, Flavor::Debug, Flavor::Stock],
            optional: Vec::new(),
        };
        let mut seen = BTreeSet::new();
        for line in script.lines() {
            let Some(comment) = line.strip_prefix('#') else {
                break;
            };
            let Some((key, value)) = comment.trim_start().split_once(':') else {
                continue;
            };
            let value = value.trim();
            match key {
                "Machines" => wants.machines = Some(machines(value)?),
                "Timeout" => {
                    let seconds: u64 = value
                        .parse()
                        .with_context(|| format!("Timeout: not a number: {value}"))?;
                    wants.timeout = Duration::from_secs(seconds);
                }
                "Append" => value.clone_into(&mut wants.append),
                "Flavors" => wants.flavors = flavors(value)?,
                "Optional" => {
                    wants.optional.push(optional(value)?);
                    continue;
                }
                _ => continue,
            }
            if !seen.insert(key.to_owned()) {
                bail!("{key}: given twice");
            }
        }
        Ok(wants)
    }

    /// Returns `true` if the script is run on this machine with this flavour of the kernel.
    pub(crate) fn runs_on(&self, machine: &Machine, flavor: Flavor) -> bool {
        self.flavors.contains(&flavor)
            && match &self.machines {
                Some(names) => names.iter().any(|name| name == machine.name),
                None => true,
            }
    }
}

fn machines(value: &str) -> Result<Vec<String>> {
    let names: Vec<String> = value.split_whitespace().map(str::to_owned).collect();
    for name in &names {
        machine::by_name(name).with_context(|| format!("Machines: {value}"))?;
    }
    if names.is_empty() {
        bail!("Machines: none named");
    }
    Ok(names)
}

fn flavors(value: &str) -> Result<Vec<Flavor>> {
    value
        .split_whitespace()
        .map(|name| match Flavor::from_str(name, false) {
            Ok(flavor) => Ok(flavor),
            Err(_) => bail!("Flavors: no flavour is named {name}"),
        })
        .collect()
}

fn optional(value: &str) -> Result<String> {
    match value
        .strip_suffix(')')
        .and_then(|value| value.rsplit_once(" ("))
    {
        Some((text, why)) if !text.is_empty() && !why.is_empty() => Ok(text.to_owned()),
        _ => bail!("Optional: not TEXT (WHY): {value}"),
    }
}

/// All tests of a directory, by name.
pub(crate) fn all(dir: &Path) -> Result<Vec<Selftest>> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    let mut tests = Vec::new();
    for entry in entries {
        let path = entry.context("cannot read a directory entry")?.path();
        let Some(file) = path.file_name().and_then(|name| name.to_str()) else {
            bail!("{} is not UTF-8", path.display());
        };
        let Some(name) = file.strip_suffix(".sh") else {
            continue;
        };
        let script =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        if !script.starts_with(PROGRAM) {
            continue;
        }
        if name.is_empty() || name.contains(char::is_whitespace) {
            bail!("{}: not a name for a test", path.display());
        }
        let wants = Wants::parse(&script).with_context(|| format!("in {}", path.display()))?;
        tests.push(Selftest {
            name: name.to_owned(),
            wants,
        });
    }
    tests.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(tests)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(name: &str) -> &'static Machine {
        machine::by_name(name).expect("a machine")
    }

    #[test]
    fn defaults() {
        let wants =
            Wants::parse("#!/bin/sh\n# SPDX-License-Identifier: GPL-2.0\n").expect("parses");
        assert_eq!(wants.timeout, Duration::from_secs(60));
        assert!(wants.runs_on(machine("q35"), Flavor::Test));
        assert!(wants.runs_on(machine("microvm"), Flavor::Debug));
        assert!(!wants.runs_on(machine("q35"), Flavor::Bench));
    }

    #[test]
    fn directives() {
        let wants = Wants::parse(
            "#!/bin/sh\n# Machines: q35\n# Timeout: 5\n# Append: overdrive.rules=a,b quiet\n\
             # Flavors: test\n. ./lib.sh\n# Timeout: 9\n",
        )
        .expect("parses");
        assert_eq!(wants.timeout, Duration::from_secs(5));
        assert_eq!(wants.append, "overdrive.rules=a,b quiet");
        assert!(!wants.runs_on(machine("microvm"), Flavor::Test));
        assert!(!wants.runs_on(machine("q35"), Flavor::Debug));
    }

    #[test]
    fn mistakes_are_refused() {
        for line in [
            "Machines: q36",
            "Machines:",
            "Timeout: soon",
            "Flavors: sweet",
        ] {
            assert!(Wants::parse(&format!("# {line}\n")).is_err(), "{line}");
        }
        assert!(Wants::parse("# Timeout: 1\n# Timeout: 2\n").is_err());
        assert!(Wants::parse("# Optional: no edu\n").is_err());
    }

    #[test]
    fn what_is_optional_has_a_reason() {
        let wants = Wants::parse("# Optional: no edu (it is)\n# Optional: no (b) c (it is not)\n")
            .expect("parses");
        assert_eq!(wants.optional, ["no edu", "no (b) c"]);
    }
}
