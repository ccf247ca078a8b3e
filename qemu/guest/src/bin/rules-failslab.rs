// SPDX-License-Identifier: GPL-2.0

//! Lets one allocation after the other fail, in all that a user does with rules and slots.
//!
//! `rules-failslab BUS DEVICE DRIVER OTHER`: the device has DRIVER, which can be `none`, and does in the
//! end; OTHER can have it as well.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, ensure};
use overdrive_guest::{
    failslab::each_allocation,
    ktap::{Outcome, Report, fail},
};

const RULES: &str = "/sys/kernel/config/overdrive-rules";

/// A rule in configfs, which goes when it is dropped.
struct Rule(PathBuf);

impl Rule {
    fn new(name: &str, fields: &[(&str, &str)]) -> Result<Self> {
        let rule = Self(Path::new(RULES).join(name));

        fs::create_dir(&rule.0)?;
        for (field, text) in fields {
            rule.file(field)?.write_at(text.as_bytes(), 0)?;
        }
        Ok(rule)
    }

    fn file(&self, name: &str) -> Result<File> {
        let path = self.0.join(name);
        let file = OpenOptions::new().write(true).open(&path);

        file.with_context(|| path.display().to_string())
    }

    fn get(&self, name: &str) -> Result<String> {
        Ok(fs::read_to_string(self.0.join(name))?.trim_end().to_owned())
    }
}

impl Drop for Rule {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir(&self.0) {
            eprintln!("{}: {error}", self.0.display());
        }
    }
}

/// Writes from the beginning of a file, all in one.
fn write(file: &File, text: &str) -> io::Result<()> {
    file.write_at(text.as_bytes(), 0).map(drop)
}

/// The device, and the drivers that can have it.
struct Device<'a> {
    bus: &'a str,
    name: &'a str,
    driver: &'a str,
    other: &'a str,
}

impl Device<'_> {
    fn path(&self, file: &str) -> PathBuf {
        PathBuf::from(format!(
            "/sys/bus/{}/devices/{}/{file}",
            self.bus, self.name
        ))
    }

    fn is_bound_to(&self, driver: &str) -> bool {
        match fs::read_link(self.path("driver")) {
            Ok(link) => link.ends_with(driver),
            Err(_) => driver == "none",
        }
    }

    fn status(&self, word: &str) -> Result<bool> {
        let status = fs::read_to_string(self.path("overdrive/status"))?;

        Ok(status.split_whitespace().any(|it| it == word))
    }
}

type Counts = (u32, u32);

/// Makes a rule's directory.
fn make(_: &Device<'_>) -> Result<Counts> {
    let path = Path::new(RULES).join("failing");

    each_allocation(
        || fs::create_dir(&path),
        |made| {
            ensure!(path.exists() == made, "half made");
            if made {
                fs::remove_dir(&path)?;
            }
            Ok(false)
        },
    )
}

/// Writes texts of all kinds, which become another text.
fn fields(_: &Device<'_>) -> Result<Counts> {
    const FIELDS: [(&str, &str, &str); 11] = [
        ("bus", "pci", "pci"),
        ("device", "00:1F.3", "0000:00:1f.3"),
        ("device", "00:1[A-F].*", "0000:00:1[a-f].*"),
        ("path", "0:1c.0/0.0/1.0", "0000:00:1c.0/00.0/01.0"),
        ("parent", "00:1C.0", "0000:00:1c.0"),
        ("below", "0:1c.0/0.0", "0000:00:1c.0/00.0"),
        ("firmware", "\\_sb_.pci0.s08_", "\\_SB.PCI0.S08"),
        ("serial", "525400FFFF123456", "52-54-00-ff-ff-12-34-56"),
        ("modalias", "pci:v0000abcd*", "pci:v0000ABCD*"),
        ("vf", "7,2,0-1", "0-2,7"),
        ("driver", "vfio-meta", "vfio-meta"),
    ];
    let rule = Rule::new("failing", &[])?;
    let mut all = (0, 0);

    for (field, text, shown) in FIELDS {
        let file = rule.file(field)?;
        let (failed, told) = each_allocation(
            || write(&file, text),
            |written| {
                let expected = if written { shown } else { "" };

                ensure!(
                    rule.get(field)? == expected,
                    "{field}: {}",
                    rule.get(field)?
                );
                write(&file, "\n")?;
                Ok(false)
            },
        )
        .with_context(|| format!("{field}={text}"))?;
        all = (all.0 + failed, all.1 + told);
    }
    Ok(all)
}

/// Puts a rule in force.
fn enable(device: &Device<'_>) -> Result<Counts> {
    let rule = Rule::new(
        "failing",
        &[("device", device.name), ("driver", device.other)],
    )?;
    let enabled = rule.file("enabled")?;

    each_allocation(
        || write(&enabled, "1"),
        |done| {
            ensure!(
                rule.get("enabled")? == if done { "1" } else { "0" },
                "half enabled"
            );
            write(&enabled, "0")?;
            Ok(false)
        },
    )
}

/// Applies a rule of each kind of matcher, each of which has the device's texts found out.
fn apply(device: &Device<'_>) -> Result<Counts> {
    // A kernel that watches its memory takes a hundred times as long, and makes more allocations: there, two
    // kinds stand for all.
    let most = match Path::new("/sys/kernel/debug/kmemleak").exists() {
        true => 2,
        false => usize::MAX,
    };
    let identity = fs::read_to_string(device.path("overdrive/identity"))?;
    let mut all = (0, 0);

    for line in identity.lines().take(most) {
        let Some((field, text)) = line.split_once('=').filter(|it| it.0 != "bus") else {
            continue;
        };
        // Others have the same parent.
        let fields = [
            (field, text),
            ("device", device.name),
            ("driver", device.other),
        ];
        let rule = Rule::new("failing", &fields)?;
        let rebind = OpenOptions::new()
            .write(true)
            .open(device.path("overdrive/rebind"))?;
        let apply = rule.file("apply")?;

        write(&rule.file("enabled")?, "1")?;
        let (failed, told) = each_allocation(
            || write(&apply, "1"),
            |done| {
                let has_moved = device.is_bound_to(device.other);

                ensure!(has_moved || device.is_bound_to(device.driver), "driverless");
                // The rule's own device is one of all that were tried.
                ensure!(!done || has_moved, "done, but nothing was");
                if has_moved {
                    ensure!(device.status("by=rule:failing")?, "it is not the rule's");
                }
                write(&rebind, "\n")?;
                ensure!(device.is_bound_to(device.driver), "it does not go back");
                Ok(false)
            },
        )
        .with_context(|| line.to_owned())?;
        all = (all.0 + failed, all.1 + told);
    }
    Ok(all)
}

/// Adds a slot, and removes it.
fn slots(device: &Device<'_>) -> Result<Counts> {
    let folder = Path::new("/sys/bus/pci/drivers/vfio-meta");
    if device.bus != "pci" {
        return Ok((1, 1));
    }
    let open = |name| OpenOptions::new().write(true).open(folder.join(name));
    let (new, remove) = (open("new_slot")?, open("remove_slot")?);
    let is_there =
        || -> Result<bool> { Ok(fs::read_to_string(folder.join("slots"))?.contains(device.name)) };

    let added = each_allocation(
        || write(&new, device.name),
        |added| {
            ensure!(is_there()? == added, "half added");
            if added {
                write(&remove, device.name)?;
            }
            Ok(false)
        },
    )?;
    write(&new, device.name)?;
    let removed = each_allocation(
        || write(&remove, device.name),
        |removed| {
            ensure!(is_there()? != removed, "half removed");
            if removed {
                write(&new, device.name)?;
            }
            Ok(false)
        },
    )?;
    write(&remove, device.name)?;
    Ok((added.0 + removed.0, added.1 + removed.1))
}

/// Reads the identity.
fn identity(device: &Device<'_>) -> Result<Counts> {
    let file = File::open(device.path("overdrive/identity"))?;
    let read = |page: &mut [u8]| file.read_at(page, 0);
    let mut page = [0; 4096];
    let len = read(&mut page)?;
    let whole = page[..len].to_vec();
    let got = std::cell::Cell::new([0; 4096]);

    each_allocation(
        || {
            let mut page = [0; 4096];
            let ret = read(&mut page);

            got.set(page);
            ret.map(drop)
        },
        |done| {
            // All of it, or an error.
            ensure!(
                !done || got.get()[..whole.len()] == whole[..],
                "half an identity"
            );
            Ok(false)
        },
    )
}

type Action = fn(&Device<'_>) -> Result<Counts>;

const ACTIONS: [(&str, Action); 6] = [
    ("making a rule survives every failing allocation", make),
    (
        "writing the fields of a rule survives every failing allocation",
        fields,
    ),
    (
        "putting a rule in force survives every failing allocation",
        enable,
    ),
    ("applying rules survives every failing allocation", apply),
    ("slots survive every failing allocation", slots),
    (
        "an identity is whole or an error with every failing allocation",
        identity,
    ),
];

fn test(action: Action, device: &Device<'_>) -> Outcome {
    match action(device) {
        Ok((0, _)) => fail("no allocation failed"),
        Ok((failed, told)) => {
            println!("# {failed} allocations failed; {told} times the caller was told");
            Ok(())
        }
        Err(error) => fail(format!("{error:#}")),
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let [_, bus, name, driver, other] = args.as_slice() else {
        eprintln!("usage: rules-failslab BUS DEVICE DRIVER OTHER");
        return ExitCode::from(2);
    };
    let device = Device {
        bus,
        name,
        driver,
        other,
    };

    let mut report = Report::new(ACTIONS.len());
    for (name, action) in ACTIONS {
        report.result(name, test(action, &device));
    }
    report.finish()
}
