// SPDX-License-Identifier: GPL-2.0

//! The rules that are in force.

use overdrive_rules::RuleText;

use super::Finding;
use crate::{
    bus,
    device::{Device, identity},
    modules::driver,
    policy::{self, Policy},
    rule::{bus_needed, configfs},
    system::System,
};

/// Adds what keeps rules from acting.
pub(super) fn examine(system: &System, findings: &mut Vec<Finding>) {
    for made in configfs::all(system) {
        let rule = &made.rule;
        if made.enabled {
            driver(system, rule, findings);
            bus(system, rule, findings);
        } else {
            findings.push(
                Finding::note("rule-disabled", subject(rule), "it is not in force").remedy(
                    format!("echo 1 > {}", configfs::file(&rule.name, "enabled")),
                ),
            );
        }
    }
    let policy = Policy::in_force(system);
    if policy.rules.iter().next().is_some() {
        for device in policy::devices(system) {
            near_misses(system, &policy, &device, findings);
        }
    }
}

fn subject(rule: &RuleText) -> String {
    format!("rule {}", rule.name)
}

fn driver(system: &System, rule: &RuleText, findings: &mut Vec<Finding>) {
    let target = rule.driver();
    if driver::is_word(target) || driver::exists_anywhere(system, target) {
        return;
    }
    findings.push(
        Finding::bad(
            "rule-without-driver",
            subject(rule),
            format!(
                "it names the driver {target}, which no bus has: its devices stay without a driver"
            ),
        )
        .remedy("load the module that brings it"),
    );
}

fn bus(system: &System, rule: &RuleText, findings: &mut Vec<Finding>) {
    let Some(name) = bus_needed::of(system, rule) else {
        return;
    };
    if bus::extended(system).iter().any(|(its, _)| *its == name) {
        return;
    }
    if !system.is_dir(&format!("/sys/bus/{name}")) {
        findings.push(
            Finding::bad(
                "rule-without-bus",
                subject(rule),
                format!("it is for the bus {name}, which is not there"),
            )
            .remedy("load the module that brings the bus, or put the name right"),
        );
    } else if !bus::is_native(system, &name) {
        findings.push(
            Finding::bad(
                "rule-on-plain-bus",
                subject(rule),
                format!("it never acts: devices of the bus {name} have no driver_override"),
            )
            .remedy(format!("overdrive bus add {name}")),
        );
    }
}

/// Adds the rules that name the place of the device, but mean another one.
fn near_misses(system: &System, policy: &Policy, device: &Device, findings: &mut Vec<Finding>) {
    let target = identity::of(system, device);
    for one in policy.rules.explain(&target) {
        if one.is_near_miss {
            findings.push(
                Finding::note(
                    "rule-near-miss",
                    subject(one.rule),
                    format!("{} is in its place, and is another device", device.name),
                )
                .remedy(format!(
                    "overdrive explain {} says what differs",
                    device.name
                )),
            );
        }
    }
}
