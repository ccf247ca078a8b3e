// SPDX-License-Identifier: GPL-2.0

//! Foresight: what rules do to the devices that are here.

use overdrive_rules::{RuleText, Rules};

use crate::{
    boot_trial,
    device::{Device, all_buses, all_on_bus, identity},
    modules::driver,
    rule::{self, bus_needed, configfs, parameter},
    slot,
    store::{Entry, Saved},
    system::System,
};

/// Rules, and where each of them comes from.
#[derive(Default)]
pub struct Policy {
    /// The rules, from the oldest to the youngest.
    pub rules: Rules,
}

impl Policy {
    /// Returns the rules that are in force, slots among them.
    pub fn in_force(system: &System) -> Self {
        Self::in_force_but(system, &[])
    }

    /// Returns the rules that are in force but for some in configfs.
    pub fn in_force_but(system: &System, names: &[String]) -> Self {
        let mut policy = Self::default();
        for rule in parameter::all(system) {
            policy.add(&rule);
        }
        for slot in slot::all(system) {
            policy.add_slot(system, &slot);
        }
        for made in configfs::all(system) {
            if made.enabled && !names.contains(&made.rule.name) {
                policy.add(&made.rule);
            }
        }
        policy
    }

    /// Returns the rules that are in force when the machine has been booted with what is saved.
    pub fn at_boot(system: &System, saved: &Saved) -> Self {
        let mut policy = Self::default();
        for entry in &saved.rules {
            policy.add(&with_own_driver(system, &entry.value));
        }
        for entry in &saved.slots {
            policy.add_slot(system, &entry.value);
        }
        policy
    }

    /// Adds a rule, which is younger than all others; one that is not complete does nothing.
    pub fn add(&mut self, rule: &RuleText) {
        // What is not complete can't be in force.
        let _ = self.rules.add(rule);
    }

    /// Adds a slot.
    pub fn add_slot(&mut self, system: &System, slot: &str) {
        if let Ok(rule) = slot::as_rule(system, slot) {
            self.add(&rule);
        }
    }

    /// Returns the rule that wins for a device.
    pub fn winner(&self, system: &System, device: &Device) -> Option<&RuleText> {
        self.rules.find(&identity::of(system, device))
    }
}

/// The policy as `restore` leaves it.
pub struct Restored {
    /// All that is in force then.
    pub policy: Policy,
    /// The names of the rules that are not in force yet; those of slots begin with `slot `.
    pub fresh: Vec<String>,
    /// The reasons why saved entries are not among them.
    pub problems: Vec<String>,
}

impl Restored {
    /// Returns the policy that comes of what is in force and what is saved.
    pub fn foresee(system: &System, saved: &Saved) -> Self {
        let mut problems: Vec<String> = saved.problems.iter().map(ToString::to_string).collect();
        let mut fresh = Vec::new();
        let mut rules = Vec::new();
        for entry in &saved.rules {
            if let Some(problem) = boot_trial::refusal(system, saved, entry) {
                problems.push(problem);
                continue;
            }
            problems.extend(without_driver(system, entry));
            let rule = with_own_driver(system, &entry.value);
            if configfs::is_in_force(system, &rule) {
                continue;
            }
            match parameter::find(system, &rule.name) {
                Some(given) if given.to_parameter() == rule.to_parameter() => {}
                Some(_) => problems.push(parameter::conflict(&entry.file)),
                None => {
                    fresh.push(rule.name.clone());
                    rules.push(rule);
                }
            }
        }
        let mut policy = Policy::in_force_but(system, &fresh);
        for rule in &rules {
            policy.add(rule);
        }
        let have = slot::all(system);
        for entry in saved
            .slots
            .iter()
            .filter(|entry| !have.contains(&entry.value))
        {
            policy.add_slot(system, &entry.value);
            fresh.push(format!("slot {}", entry.value));
        }
        Self {
            policy,
            fresh,
            problems,
        }
    }
}

/// Returns a saved rule with the driver's own name where the rule has another spelling of it, or its module's name.
fn with_own_driver(system: &System, saved: &RuleText) -> RuleText {
    let mut rule = rule::copy(saved);
    if let Some(own) = driver::find_here(system, saved.get("bus"), saved.driver()) {
        // The name of a driver that is there is a good one.
        let _ = rule.set("driver", &own);
    }
    rule
}

/// Returns the problem of a rule whose driver is not there and can't be loaded.
fn without_driver(system: &System, entry: &Entry<RuleText>) -> Option<String> {
    let (bus, name) = (entry.value.get("bus"), entry.value.driver());
    let is_known =
        driver::find_here(system, bus, name).is_some() || driver::is_loadable(system, name);
    (!is_known).then(|| entry.problem(driver::absence(name)).to_string())
}

/// A device that a rule takes to another driver.
#[derive(Clone, Debug)]
pub struct Move {
    /// The device as it is.
    pub device: Device,
    /// The rule's name.
    pub rule: String,
    /// The driver that the rule names.
    pub driver: String,
}

/// Returns the devices that rules can act on: those with an override.
pub fn devices(system: &System) -> Vec<Device> {
    devices_and(system, &[])
}

/// Returns the devices that rules can act on when the buses `extended` have been extended.
pub fn devices_and(system: &System, extended: &[String]) -> Vec<Device> {
    let mut devices = Vec::new();
    for bus in all_buses(system) {
        devices.extend(
            all_on_bus(system, &bus)
                .iter()
                .map(|path| Device::read_on_bus(system, path, &bus))
                .filter(|device| device.has_override_file || extended.contains(&device.bus)),
        );
    }
    devices
}

/// Returns the devices for which a rule of `policy` wins that has another driver for them than they have.
pub fn moves(system: &System, policy: &Policy, devices: &[Device]) -> Vec<Move> {
    devices
        .iter()
        .filter_map(|device| {
            let rule = policy.winner(system, device)?;
            would_move(device, rule.driver()).then(|| Move {
                device: device.clone(),
                rule: rule.name.clone(),
                driver: rule.driver().to_owned(),
            })
        })
        .collect()
}

/// The devices that are here as rules see them, for a question about many rules.
#[derive(Debug)]
pub struct Targets(Vec<overdrive_rules::Device>);

impl Targets {
    /// Reads all devices that rules can act on.
    pub fn read(system: &System) -> Self {
        let devices = devices(system);
        Self(
            devices
                .iter()
                .map(|device| identity::of(system, device))
                .collect(),
        )
    }

    /// Returns `false` if the rule matches none of them, whatever the other rules are.
    pub fn may_match(&self, rule: &RuleText) -> bool {
        let mut alone = Policy::default();
        alone.add(rule);
        // Groups change hands.
        !rule.get("group_owned").is_empty()
            || self
                .0
                .iter()
                .any(|target| alone.rules.find(target).is_some())
    }
}

/// Returns the devices that a new rule moves when it is applied. Devices whose override a user set are left alone.
pub fn moved_by(system: &System, rule: &RuleText) -> Vec<Move> {
    let mut policy = Policy::in_force(system);
    if policy.rules.iter().all(|its| its.name != rule.name) {
        policy.add(rule);
    }
    let bus = bus_needed::of(system, rule).unwrap_or_default();
    let mut found = moves(system, &policy, &devices_and(system, &[bus]));
    found.retain(|one| one.rule == rule.name && !is_users(&one.device));
    found
}

/// Returns the devices that a new slot would take from drivers that they are used with.
pub fn taken_by_slot(system: &System, text: &str) -> Vec<Device> {
    let mut found = devices_of_slot(system, text);
    found.retain(|device| device.driver.is_some());
    found
}

/// Returns the sentence that a device in a slot has another driver still: a slot unbinds nothing.
pub fn waits_for_slot(slot: &str, device: &Device) -> String {
    let driver = device.driver.as_deref().unwrap_or("no driver");
    format!(
        "slot {slot}: {} keeps {driver} until it is released",
        device.name
    )
}

/// Returns the devices without a driver that a new slot is for.
pub fn free_for_slot(system: &System, text: &str) -> Vec<Device> {
    let mut found = devices_of_slot(system, text);
    found.retain(|device| device.driver.is_none());
    found
}

fn devices_of_slot(system: &System, text: &str) -> Vec<Device> {
    match slot::as_rule(system, text) {
        Ok(rule) => moved_by(system, &rule)
            .into_iter()
            .map(|one| one.device)
            .collect(),
        Err(_) => Vec::new(),
    }
}

/// Returns the devices that a new rule has for another driver from the next boot on.
pub fn taken_at_boot(system: &System, saved: &Saved, rule: &RuleText) -> Vec<Move> {
    let mut policy = Policy::default();
    for entry in saved
        .rules
        .iter()
        .filter(|entry| entry.value.name != rule.name)
    {
        policy.add(&entry.value);
    }
    for entry in &saved.slots {
        policy.add_slot(system, &entry.value);
    }
    policy.add(rule);
    let bus = bus_needed::of(system, rule).unwrap_or_default();
    let mut found = moves(system, &policy, &devices_and(system, &[bus]));
    found.retain(|one| one.rule == rule.name);
    found
}

/// Returns `true` if the override is the user's own.
pub fn is_users(device: &Device) -> bool {
    device.driver_override.is_some() && device.by.as_deref() == Some("user")
}

fn would_move(device: &Device, driver: &str) -> bool {
    match driver {
        "none" => device.driver.is_some(),
        // Without an override it is the standard driver that a device has.
        "@standard" => device.driver_override.is_some(),
        // It depends on the rest of the group, at the time.
        "@group" => false,
        name => device.driver.as_deref() != Some(name),
    }
}
