// SPDX-License-Identifier: GPL-2.0

//! Rules that the boot takes back unless somebody confirms them.
//!
//! `restore` begins the trial of a rule whose file says so when it puts the rule in force, which is in the initramfs as
//! a rule. A process of its own waits for the answer: it outlives the initramfs, and does its work in whatever is the root
//! of process 1 by then. So a rule that takes the disk with `/` on it is taken back where the machine waits for the disk.
//! What became of the trial is in a file in `/run`, which the initramfs hands on.

use std::{
    fs,
    os::{fd::OwnedFd, unix::process::CommandExt},
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use overdrive_rules::RuleText;
use rustix::{
    fs::{CWD, Mode, OFlags},
    process::{chroot, fchdir},
};

use crate::{
    device::{Device, all_buses, all_on_bus},
    failure::{Exit, Failure, Result, reason},
    moves::{self, Target},
    output,
    rule::configfs,
    store::{Entry, Saved, Store},
    system::System,
};

/// The folder of what became of trials.
const FOLDER: &str = "/run/overdrive";

/// The state of a trial in this boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody has answered yet.
    Pending,
    /// The rule stays.
    Confirmed,
    /// The rule was taken back.
    TakenBack,
    /// Somebody has removed the rule.
    Removed,
}

impl State {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Pending, "pending"),
        (Self::Confirmed, "confirmed"),
        (Self::TakenBack, "taken back"),
        (Self::Removed, "removed"),
    ];

    fn text(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(state, _)| *state == self)
            .map_or("", |(_, text)| text)
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, its)| *its == text)
            .map(|(state, _)| *state)
    }
}

fn path(rule: &str) -> String {
    format!("{FOLDER}/trial-{rule}")
}

/// Returns the state of a rule's trial in this boot, if there is one.
pub fn state(system: &System, rule: &str) -> Option<State> {
    State::parse(&system.line(&path(rule)))
}

/// Returns the rules that wait for an answer.
pub fn pending(system: &System) -> Vec<String> {
    system
        .list(FOLDER)
        .iter()
        .filter_map(|name| name.strip_prefix("trial-"))
        .filter(|rule| state(system, rule) == Some(State::Pending))
        .map(str::to_owned)
        .collect()
}

/// Returns the reason why a saved rule is not put in force if its trial has failed in this boot.
pub fn refusal(system: &System, saved: &Saved, entry: &Entry<RuleText>) -> Option<String> {
    let name = &entry.value.name;
    let has_failed = saved.trial(name).is_some() && state(system, name) == Some(State::TakenBack);
    has_failed.then(|| {
        entry
            .problem("this boot has taken the rule back, because nobody confirmed it")
            .to_string()
    })
}

/// Sets the state of a rule's trial in this boot.
pub fn set_state(system: &System, rule: &str, state: State) -> Result {
    let write = || {
        if !system.is_dir(FOLDER) {
            system.mkdir(FOLDER)?;
        }
        fs::write(system.at_root(&path(rule)), format!("{}\n", state.text()))
    };
    write()
        .map_err(|error| Failure::new(Exit::Failed, format!("{}: {}", path(rule), reason(&error))))
}

/// Begins the trial of a rule that was put in force just now.
pub fn begin(system: &System, rule: &str, seconds: u64) -> Result {
    set_state(system, rule, State::Pending)?;
    spawn(rule, seconds)
}

/// Notes in the rule's file that nobody has confirmed the rule, as soon as the file can be written.
pub fn note_failure(system: &System, rule: &str) -> Result {
    match Store::new(system).fail_trial(rule) {
        Ok(_) => Ok(()),
        // At the beginning of a boot, / can't be written yet.
        Err(_) => spawn(rule, 0),
    }
}

/// Starts the process that waits.
fn spawn(rule: &str, seconds: u64) -> Result {
    let start = || {
        Command::new("/proc/self/exe")
            // systemd lets a process with such a name live when it leaves the initramfs.
            .arg0("@overdrive")
            .args(["trial", rule, &seconds.to_string()])
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
    };
    start().map(|_| ()).map_err(|error| {
        Failure::new(
            Exit::Failed,
            format!(
                "the trial of the rule {rule} can't be watched: {}",
                reason(&error)
            ),
        )
    })
}

/// Confirms a rule that is on trial, for this boot and for later ones.
pub fn confirm(system: &System, rule: &str) -> Result {
    Store::new(system).end_trial(rule)?;
    set_state(system, rule, State::Confirmed)
}

/// Waits for the answer, and takes the rule back if there is none.
pub fn watch(system: &System, rule: &str, seconds: u64) -> Result {
    /// The time between two looks at the answer.
    const LOOK: Duration = Duration::from_millis(500);

    let root = match system.is_live() {
        true => Root::open(),
        false => Root(None),
    };
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        sleep(LOOK.min(end.saturating_duration_since(Instant::now())));
        root.enter();
        if matches!(state(system, rule), Some(State::Confirmed | State::Removed)) {
            return Ok(());
        }
    }
    // Where the initramfs has not handed /run on, nobody can have answered.
    if matches!(state(system, rule), None | Some(State::Pending)) {
        log(
            system,
            &format!("nobody has confirmed the rule {rule} within {seconds} s: it is taken back"),
        );
        take_back(system, rule);
        set_state(system, rule, State::TakenBack)?;
    }
    // The answer can come last of all.
    if state(system, rule) != Some(State::TakenBack) {
        return Ok(());
    }
    note_when_possible(system, &root, rule);
    Ok(())
}

/// Removes the rule, and gives its devices their standard drivers.
fn take_back(system: &System, rule: &str) {
    let by = format!("rule:{rule}");
    let mut held = Vec::new();
    for bus in all_buses(system) {
        held.extend(
            all_on_bus(system, &bus)
                .iter()
                .map(|path| Device::read_on_bus(system, path, &bus))
                .filter(|device| device.by.as_deref() == Some(&by)),
        );
    }
    if let Err(why) = configfs::remove(system, rule) {
        log(system, &format!("the rule {rule} can't be removed: {why}"));
        return;
    }
    let options = moves::Options {
        whole_group: false,
        // It has the driver of a rule that is not wanted.
        force: true,
    };
    for device in held {
        if let Err(failure) = moves::move_devices(system, &[device], &Target::Standard, options) {
            for line in failure.lines {
                log(system, &line);
            }
        }
    }
}

/// Notes the failure in the file that the next boot reads, which may have to be waited for.
fn note_when_possible(system: &System, root: &Root, rule: &str) {
    const TRIES: u32 = 600;

    for _ in 0..TRIES {
        root.enter();
        if Store::new(system).fail_trial(rule).is_ok() {
            return;
        }
        sleep(Duration::from_secs(1));
    }
    log(
        system,
        &format!("the file of the rule {rule} can't be written"),
    );
}

fn log(system: &System, text: &str) {
    // Where there is no log, nobody can be told.
    let _ = system.write("/dev/kmsg", &format!("<4>overdrive: {text}"));
}

/// The root of process 1, which is another one when the initramfs is left.
struct Root(Option<OwnedFd>);

impl Root {
    fn open() -> Self {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Self(rustix::fs::openat(CWD, "/proc", flags, Mode::empty()).ok())
    }

    /// Makes it that of this process. Where that can't be, it stays as it is.
    fn enter(&self) {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let Some(proc) = &self.0 else {
            return;
        };
        let Ok(root) = rustix::fs::openat(proc, "1/root", flags, Mode::empty()) else {
            return;
        };
        if fchdir(&root).is_ok() {
            let _ = chroot(".");
        }
    }
}

/// Says what is to be done about images for booting when a trial has ended.
pub fn tell_images(system: &System) {
    if crate::store::boot::advice(system).is_some() {
        output::say(
            "the image for booting still has the rule on trial: update-initramfs -u, or dracut --force",
        );
    }
}
