// SPDX-License-Identifier: GPL-2.0

//! Lets one allocation after the other fail, in all that a user does with sets, loans and buses.
//!
//! `interface-failslab BUS FIRST SECOND`: both devices have their standard driver, and do in the end.
//! `overdrive_test.ko` and `overdrive_buses.ko` are loaded.

use std::{
    cell::RefCell,
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, ensure};
use overdrive_guest::{
    failslab::each_allocation,
    ktap::{Outcome, Report, fail},
    wait::until_true,
};

const NODE: &str = "/dev/overdrive";
const BUSES: &str = "/sys/kernel/config/overdrive-buses";
const PLUGGED: &str = "/sys/kernel/debug/overdrive_buses/plugged";

/// The driver that the devices are moved to.
const DRIVER: &str = "test-a";

/// A device, and what it is like before and after.
struct Device {
    bus: String,
    name: String,
    driver: Option<PathBuf>,
}

impl Device {
    fn new(bus: &str, name: &str) -> Self {
        let mut device = Self {
            bus: bus.to_owned(),
            name: name.to_owned(),
            driver: None,
        };

        device.driver = device.driver();
        device
    }

    fn path(&self, file: &str) -> PathBuf {
        PathBuf::from(format!(
            "/sys/bus/{}/devices/{}/{file}",
            self.bus, self.name
        ))
    }

    fn driver(&self) -> Option<PathBuf> {
        fs::read_link(self.path("driver")).ok()
    }

    fn read(&self, file: &str) -> io::Result<String> {
        fs::read_to_string(self.path(file))
    }

    fn open(&self, file: &str) -> Result<File> {
        let path = self.path(file);
        let file = OpenOptions::new().write(true).open(&path);

        file.with_context(|| path.display().to_string())
    }

    /// Returns `true` if it has [`DRIVER`], by the kernel's own account and by ours.
    fn has_moved(&self) -> io::Result<bool> {
        let status = self.read("overdrive/status")?;

        Ok(self.driver().is_some_and(|driver| driver.ends_with(DRIVER))
            && self.read("driver_override")?.trim_end() == DRIVER
            && has_word(&status, &format!("driver={DRIVER}"))
            && has_word(&status, &format!("override={DRIVER}")))
    }

    /// Returns `true` if it has the driver from before, without an override.
    fn is_as_before(&self) -> io::Result<bool> {
        let status = self.read("overdrive/status")?;

        Ok(self.driver() == self.driver
            && self.read("driver_override")?.trim_end() == "(null)"
            && has_word(&status, "override=-")
            && has_word(&status, "lent=no"))
    }
}

fn has_word(line: &str, word: &str) -> bool {
    line.split_whitespace().any(|it| it == word)
}

/// Two devices that are independent of each other.
struct Devices {
    both: [Device; 2],
}

impl Devices {
    /// The end of a request for both of them.
    fn request(&self, words: &str) -> String {
        let [first, second] = &self.both;

        format!(
            "{words} {}/{} {}/{}\n",
            first.bus, first.name, second.bus, second.name
        )
    }

    fn all(&self, is_so: fn(&Device) -> io::Result<bool>) -> io::Result<bool> {
        for device in &self.both {
            if !is_so(device)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Fails unless the devices moved if `done`, and are as before if not.
    fn check(&self, done: bool) -> Result<()> {
        if done {
            ensure!(self.all(Device::has_moved)?, "done, but not for all");
        } else {
            ensure!(
                self.all(Device::is_as_before)?,
                "not done, and not as it was"
            );
        }
        Ok(())
    }

    fn give_back(&self) -> Result<()> {
        ask(&open_node()?, &self.request("bind driver=standard"))?;
        self.check(false)
    }
}

fn open_node() -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(NODE)
}

/// Writes one request.
fn ask(mut node: &File, request: &str) -> io::Result<()> {
    node.write(request.as_bytes()).map(drop)
}

type Counts = (u32, u32);

fn opening(_: &Devices) -> Result<Counts> {
    each_allocation(
        || open_node().map(drop),
        |_| {
            let mut text = String::new();

            open_node()?.read_to_string(&mut text)?;
            ensure!(text.contains("\nverbs=bind,lend\n"), "it says {text:?}");
            Ok(false)
        },
    )
}

/// Moves both for good.
fn bind(devices: &Devices) -> Result<Counts> {
    let node = open_node()?;
    let request = devices.request(&format!("bind wait driver={DRIVER}"));

    each_allocation(
        || ask(&node, &request),
        |done| {
            devices.check(done)?;
            if done {
                devices.give_back()?;
            }
            Ok(false)
        },
    )
}

/// Moves both for as long as a file is open.
fn lend(devices: &Devices) -> Result<Counts> {
    let node = RefCell::new(open_node()?);
    let request = devices.request(&format!("lend driver={DRIVER}"));

    each_allocation(
        || ask(&node.borrow(), &request),
        |done| {
            devices.check(done)?;
            *node.borrow_mut() = open_node()?;
            until_true(|| devices.all(Device::is_as_before)).context("the loan is not back")?;
            Ok(false)
        },
    )
}

/// Reads what became of a request.
fn answer(devices: &Devices) -> Result<Counts> {
    const LINES: usize = 2;
    let node = open_node()?;
    let request = devices.request("bind driver=standard");
    let text = RefCell::new(String::new());

    ask(&node, &request)?;
    each_allocation(
        || {
            let mut page = vec![0; 4096];
            let len = (&node).read(&mut page)?;

            *text.borrow_mut() = String::from_utf8_lossy(&page[..len]).into_owned();
            Ok(())
        },
        |done| {
            let text = text.replace(String::new());

            ensure!(
                !done || text.matches(" state=done\n").count() == LINES,
                "{text:?}"
            );
            ask(&node, &request)?;
            Ok(false)
        },
    )
}

/// Asks for a device that is not there.
fn unknown(devices: &Devices) -> Result<Counts> {
    let node = open_node()?;
    let request = format!(
        "{} {}/no-such\n",
        devices.request(&format!("bind driver={DRIVER}")).trim_end(),
        devices.both[0].bus
    );

    each_allocation(
        || match ask(&node, &request) {
            Err(error) if error.raw_os_error() == Some(libc::ENODEV) => Ok(()),
            Err(error) => Err(error),
            Ok(()) => Err(io::Error::other("a device that is not there was bound")),
        },
        |_| {
            devices.check(false)?;
            Ok(false)
        },
    )
}

/// Moves the IOMMU group of the first one, or just that where there are no groups.
fn group(devices: &Devices) -> Result<Counts> {
    let [device, _] = &devices.both;
    let file = if device.path("iommu_group").exists() {
        "overdrive/rebind_group"
    } else {
        "overdrive/rebind"
    };
    let rebind = device.open(file)?;

    each_allocation(
        || rebind.write_at(DRIVER.as_bytes(), 0).map(drop),
        |done| {
            ensure!(
                if done {
                    device.has_moved()?
                } else {
                    device.is_as_before()?
                },
                "neither done nor as it was"
            );
            rebind.write_at(b"\n", 0)?;
            ensure!(device.is_as_before()?, "it does not go back");
            Ok(false)
        },
    )
}

/// An extended bus, which is left alone again when this is dropped.
struct Extended(PathBuf);

impl Extended {
    fn new(bus: &str) -> io::Result<Self> {
        let path = Path::new(BUSES).join(bus);

        fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Extended {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir(&self.0) {
            eprintln!("{}: {error}", self.0.display());
        }
    }
}

/// Extends a bus.
fn extend(_: &Devices) -> Result<Counts> {
    let device = Device::new("test-x", "x0");
    let made = RefCell::new(None);

    each_allocation(
        || {
            *made.borrow_mut() = Some(Extended::new("test-x")?);
            Ok(())
        },
        |done| {
            // A device that lacks memory for its files is said to be without them in the log.
            ensure!(
                done || !device.path("driver_override").exists(),
                "half extended"
            );
            made.take();
            ensure!(!device.path("overdrive").exists(), "files are left");
            let _again = Extended::new("test-x")?;
            ensure!(
                device.path("driver_override").exists(),
                "it can't be extended anymore"
            );
            Ok(false)
        },
    )
}

/// Writes an override on an extended bus.
fn text(_: &Devices) -> Result<Counts> {
    let device = Device::new("test-x", "x0");
    let _extended = Extended::new("test-x")?;
    let file = device.open("driver_override")?;

    each_allocation(
        || file.write_at(b"test-b\n", 0).map(drop),
        |done| {
            let expected = if done { "test-b" } else { "(null)" };

            ensure!(device.read("driver_override")?.trim_end() == expected);
            file.write_at(b"\n", 0)?;
            Ok(false)
        },
    )
}

/// Lets any driver have any device of a bus.
fn scope(_: &Devices) -> Result<Counts> {
    let extended = Extended::new("virtio")?;
    let path = extended.0.join("scope");
    let file = OpenOptions::new().write(true).open(&path)?;

    each_allocation(
        || file.write_at(b"force\n", 0).map(drop),
        |done| {
            let expected = if done { "force\n" } else { "restrict\n" };

            ensure!(fs::read_to_string(&path)? == expected);
            file.write_at(b"restrict\n", 0)?;
            Ok(false)
        },
    )
}

/// Adds a device to an extended bus, which can do without its files, but not half of them.
fn discovery(_: &Devices) -> Result<Counts> {
    const FILES: [&str; 2] = ["overdrive/status", "driver_override"];
    let device = Device::new("auxiliary", "overdrive_buses.dev.1");
    let _extended = Extended::new("auxiliary")?;
    let knob = OpenOptions::new().write(true).open(PLUGGED)?;
    let plug = |text: &str| (&knob).write(text.as_bytes()).map(drop);
    let files = || FILES.map(|file| device.path(file).exists());

    plug("0")?;
    let counts = each_allocation(
        || plug("1"),
        |done| {
            let before = files();

            ensure!(before[0] == before[1], "some files: {before:?}");
            ensure!(done || !before[0], "files of a device that is not there");
            plug("0")?;
            plug("1")?;
            ensure!(files() == [true; 2], "no files the next time");
            plug("0")?;
            Ok(false)
        },
    )?;
    plug("1")?;
    Ok(counts)
}

type Action = fn(&Devices) -> Result<Counts>;

const ACTIONS: [(&str, Action); 10] = [
    (
        "opening the node survives every failing allocation",
        opening,
    ),
    ("moving a set survives every failing allocation", bind),
    ("lending a set survives every failing allocation", lend),
    (
        "an answer is whole or an error with every failing allocation",
        answer,
    ),
    (
        "a request for nothing survives every failing allocation",
        unknown,
    ),
    ("moving a group survives every failing allocation", group),
    ("extending a bus survives every failing allocation", extend),
    ("an override survives every failing allocation", text),
    (
        "the scope of a bus survives every failing allocation",
        scope,
    ),
    (
        "the discovery of a device survives every failing allocation",
        discovery,
    ),
];

fn test(action: Action, devices: &Devices) -> Outcome {
    match action(devices) {
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
    let [_, bus, first, second] = args.as_slice() else {
        eprintln!("usage: interface-failslab BUS FIRST SECOND");
        return ExitCode::from(2);
    };
    let devices = Devices {
        both: [Device::new(bus, first), Device::new(bus, second)],
    };

    let mut report = Report::new(ACTIONS.len());
    for (name, action) in ACTIONS {
        report.result(name, test(action, &devices));
    }
    report.finish()
}
