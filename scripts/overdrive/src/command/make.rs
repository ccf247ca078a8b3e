// SPDX-License-Identifier: GPL-2.0

//! Putting a new rule in force, with all that it needs.

use overdrive_rules::RuleText;

use crate::{
    bus,
    failure::{Exit, Failure, Result},
    modules::driver,
    output,
    policy::{self, Targets},
    rule::{self, bus_needed, configfs},
    store::{Store, boot},
    system::System,
    users::Users,
};

/// The further actions.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Options {
    /// Devices that are here get their driver.
    pub(super) apply: bool,
    /// The rule is written to the folder of what is saved.
    pub(super) save: bool,
    /// A boot takes the saved rule back after so many seconds, unless it is confirmed.
    pub(super) trial: Option<u64>,
    /// Devices in use are taken as well, and those that the next boot needs.
    pub(super) force: bool,
}

/// Makes a rule: completely, or not at all.
pub(super) fn run(system: &System, rule: &RuleText, options: Options) -> Result {
    let mut rule = rule::copy(rule);
    let name = rule.name.clone();
    let failure =
        |why: String| Failure::new(Exit::Failed, format!("no rule {name} was made: {why}"));
    rule.check().map_err(|error| failure(error.to_string()))?;
    if configfs::exists(system, &name) {
        return Err(failure("there is one of this name".to_owned()));
    }
    name_driver(system, &mut rule)?;
    let store = Store::new(system);
    let users = Users::new(system);
    if options.save && !options.force {
        let taken = policy::taken_at_boot(system, &store.read(), &rule);
        users.refuse_vital(taken.iter().map(|one| &one.device))?;
    }
    if options.apply && !options.force {
        let moved = policy::moved_by(system, &rule);
        users.refuse(moved.iter().map(|one| &one.device))?;
    }
    let extended = extend_bus(system, &rule)?;
    configfs::make(system, &rule).map_err(failure)?;
    if !Targets::read(system).may_match(&rule) {
        output::say(format!(
            "no device that is here now matches the rule {name}"
        ));
    }
    if options.save {
        output::print(store.write_rule(&rule, options.trial)?);
        if extended {
            if let Some(file) = store.write_buses(&bus::extended(system))? {
                output::print(file);
            }
        }
        if let Some(advice) = boot::advice(system) {
            output::say(advice);
        }
    }
    if options.apply {
        configfs::apply(system, &name).map_err(|why| {
            Failure::new(
                Exit::Failed,
                format!(
                    "the rule {name} is in force, but not all devices that are here could be moved: {why}"
                ),
            )
        })?;
    }
    Ok(())
}

/// Loads the rule's driver, and sets its own name where the rule has its module's.
fn name_driver(system: &System, rule: &mut RuleText) -> Result {
    let name = rule.driver().to_owned();
    let bus = rule.get("bus").to_owned();
    match driver::find_anywhere(system, &bus, &name) {
        Some(own) if own != name => {
            output::say(format!("{name} means the driver {own}"));
            rule.set("driver", &own)
                .map_err(|error| Failure::new(Exit::Failed, error.to_string()))
        }
        Some(_) => Ok(()),
        None => {
            output::say(format!(
                "{}: the rule's devices stay without a driver",
                driver::absence(&name)
            ));
            Ok(())
        }
    }
}

/// Extends the rule's bus, if its devices have no override otherwise. Returns `true` if that was done.
fn extend_bus(system: &System, rule: &RuleText) -> Result<bool> {
    let Some(name) = bus_needed::to_extend(system, rule) else {
        return Ok(false);
    };
    bus::extend(system, &name, None).map_err(|why| {
        Failure::new(
            Exit::Failed,
            format!(
                "the rule needs driver_override on the bus {name}, which can't be extended: {why}"
            ),
        )
    })?;
    output::say(format!(
        "the bus {name} has driver_override from now on, which the rule needs; overdrive bus del {name} takes it back"
    ));
    Ok(true)
}
