// SPDX-License-Identifier: GPL-2.0

//! `monitor`: follows moves, rules and near misses as they happen.

use std::time::{Duration, Instant};

use crate::{
    args,
    device::find,
    failure::{Exit, Failure, Result, reason},
    modules,
    monitor::{Devices, Event, Heard, Kind, Rules, Uevents},
    output,
    system::System,
};

/// The time between two looks at the rules, for which the kernel sends no event.
const LOOK: Duration = Duration::from_millis(500);

/// Runs the command: until it is ended, or nobody reads any more.
pub(super) fn run(system: &System, args: &args::Monitor) -> Result {
    let mut uevents = Uevents::listen(system)
        .map_err(|error| Failure::new(Exit::Failed, format!("no uevents: {}", reason(&error))))?;
    if !modules::is_overdrive_loaded(system) {
        output::say(
            "the module overdrive is not loaded: only drivers that come and go are seen until it is",
        );
    }
    let mut devices = Devices::new(system, names(system, &args.devices));
    let mut rules = Rules::new(system);
    let tell = |events: Vec<Event>| events.iter().all(|event| tell(event, args.json));
    let mut looked = Instant::now();
    loop {
        let heard = uevents
            .next(LOOK.saturating_sub(looked.elapsed()))
            .map_err(|error| Failure::new(Exit::Failed, reason(&error)))?;
        let (mut events, is_end) = match &heard {
            Heard::Uevent(uevent) => (devices.hear(system, uevent), false),
            Heard::Lost => (vec![Event::now(Kind::Lost)], false),
            Heard::Silence => (Vec::new(), false),
            Heard::End => (Vec::new(), true),
        };
        if is_end || looked.elapsed() >= LOOK {
            if args.devices.is_empty() {
                events.extend(rules.look(system));
            }
            looked = Instant::now();
        }
        if !tell(events) || is_end {
            return Ok(());
        }
    }
}

/// Returns the devices' own names. What is not there yet may come under the name that was given.
fn names(system: &System, words: &[String]) -> Vec<String> {
    let name = |word: &String| match find::find(system, word) {
        Ok(device) => device.name,
        Err(_) => word.clone(),
    };
    words.iter().map(name).collect()
}

/// Prints an event. Returns `false` if nobody reads it.
fn tell(event: &Event, as_json: bool) -> bool {
    let line = if as_json {
        output::json::to_text(event)
    } else {
        event.sentence()
    };
    output::print_line(&line)
}
