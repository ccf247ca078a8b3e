// SPDX-License-Identifier: GPL-2.0

//! `restore`: puts in force what is saved, each entry for itself.

use crate::{
    args, bus,
    failure::{Exit, Failure, Result, reason},
    modules::{self, driver},
    output,
    rule::{configfs, parameter},
    slot,
    store::{Saved, Store, parameters},
    system::System,
};

/// Runs the command.
pub(super) fn run(system: &System, args: &args::Restore) -> Result {
    let saved = Store::new(system).read();
    for problem in &saved.problems {
        output::say(problem.to_string());
    }
    let mut trouble = Trouble(!saved.problems.is_empty());
    if args.print {
        print(&saved);
        return trouble.end();
    }
    load(system, &saved, &mut trouble)?;
    configfs::require_module(system)?;
    buses(system, &saved, &mut trouble);
    drivers(system, &saved, &mut trouble);
    rules(system, &saved, &mut trouble);
    slots(system, &saved, &mut trouble);
    trouble.end()
}

/// Remembers that something went wrong that was told.
struct Trouble(bool);

impl Trouble {
    fn tell(&mut self, text: impl AsRef<str>) {
        output::say(text);
        self.0 = true;
    }

    fn end(self) -> Result {
        if self.0 {
            return Err(Failure::silent(Exit::Failed));
        }
        Ok(())
    }
}

/// Prints the line for modprobe.d, where a backslash has a meaning of its own.
fn print(saved: &Saved) {
    let words: Vec<String> = parameters(saved)
        .into_iter()
        .map(|(name, text)| format!(" {name}={text}"))
        .collect();
    if !words.is_empty() {
        output::print(format!("options overdrive{}", words.concat()).replace('\\', "\\\\"));
    }
}

/// Loads the module with what it can hold from the first moment.
fn load(system: &System, saved: &Saved, trouble: &mut Trouble) -> Result {
    if modules::is_overdrive_loaded(system) {
        return Ok(());
    }
    let words: Vec<String> = parameters(saved)
        .into_iter()
        .map(|(name, text)| format!("{name}={text}"))
        .collect();
    if modules::load(system, "overdrive", &words).is_ok() {
        return Ok(());
    }
    if !words.is_empty() {
        trouble.tell(
            "the module can not be loaded with what is saved; the kernel log says why; trying one after the other",
        );
    }
    modules::load(system, "overdrive", &[]).map_err(|error| {
        Failure::new(
            Exit::NoModule,
            format!("the module overdrive can not be loaded: {}", reason(&error)),
        )
    })
}

fn buses(system: &System, saved: &Saved, trouble: &mut Trouble) {
    let have = bus::extended(system);
    for entry in &saved.buses {
        let (name, scope) = &entry.value;
        if have.iter().any(|(its, _)| its == name) {
            continue;
        }
        if let Err(why) = bus::extend(system, name, Some(*scope)) {
            trouble.tell(entry.problem(format!("{name}: {why}")).to_string());
        }
    }
}

/// Loads the drivers that rules name: a device whose override names a driver that is not there has none.
fn drivers(system: &System, saved: &Saved, trouble: &mut Trouble) {
    for entry in &saved.rules {
        let name = entry.value.driver();
        if driver::is_word(name) || driver::exists_anywhere(system, name) {
            continue;
        }
        if let Err(error) = modules::load(system, name, &[]) {
            trouble.tell(
                entry
                    .problem(format!(
                        "no bus has the driver {name}, and its module can't be loaded: {}",
                        reason(&error)
                    ))
                    .to_string(),
            );
        }
    }
}

fn rules(system: &System, saved: &Saved, trouble: &mut Trouble) {
    for entry in &saved.rules {
        let rule = &entry.value;
        if configfs::exists(system, &rule.name) || parameter::has(system, &rule.name) {
            continue;
        }
        // What is here already must have its driver too.
        let done = configfs::make(system, rule).and_then(|()| configfs::apply(system, &rule.name));
        if let Err(why) = done {
            trouble.tell(format!("{}: {why}", entry.file));
        }
    }
}

fn slots(system: &System, saved: &Saved, trouble: &mut Trouble) {
    let have = slot::all(system);
    for entry in &saved.slots {
        if have.contains(&entry.value) {
            continue;
        }
        if let Err(failure) = slot::add(system, &entry.value) {
            trouble.tell(entry.problem(failure.lines.join("; ")).to_string());
        }
    }
}
