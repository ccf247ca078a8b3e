// SPDX-License-Identifier: GPL-2.0

//! The texts that people write in a rule, in the form in which the kernel can match them.

use overdrive_rules::RuleText;

use crate::{
    device::{all_buses, find},
    failure::{Exit, Failure, Result},
    output,
    system::System,
};

/// Sets a field of a rule to what a person wrote, put into the form that matches.
///
/// # Errors
///
/// A text that can match nothing, with the form that works.
pub fn set(system: &System, rule: &mut RuleText, key: &str, text: &str) -> Result {
    let meant = match key {
        "bus" => bus_name(system, text),
        "device" | "parent" | "below" => device_name(system, rule, key, text),
        _ => None,
    };
    let meant = meant.unwrap_or_else(|| text.to_owned());
    rule.set(key, &meant).map_err(|error| {
        Failure::new(
            Exit::Failed,
            format!("no rule {} was made: {key}={text}: {error}", rule.name),
        )
    })?;
    let canonical = rule.get(key);
    if canonical != text && !(canonical.is_empty() && text == "0") {
        output::say(format!("{key}={text} is written {key}={canonical}"));
    }
    Ok(())
}

/// Returns the name of the one bus that differs from `text` only in case, if there is no bus of this name.
fn bus_name(system: &System, text: &str) -> Option<String> {
    let mut names = all_buses(system);
    if names.iter().any(|name| name == text) {
        return None;
    }
    names.retain(|name| name.eq_ignore_ascii_case(text));
    match names.as_slice() {
        [_] => names.pop(),
        _ => None,
    }
}

/// Returns the name of the device that an interface, a disk, a file in `/dev` or a folder of sysfs stands for.
fn device_name(system: &System, rule: &RuleText, key: &str, text: &str) -> Option<String> {
    let bus = rule.get("bus");
    if text.contains(['*', '?', '[', '\\']) {
        return None;
    }
    if text.contains('/') {
        let device = find::find(system, text).ok()?;
        return (bus.is_empty() || device.bus == bus).then_some(device.name);
    }
    if text.contains(':') || overdrive_rules::canonical(key, text).is_err() {
        return None;
    }
    let is_known = all_buses(system)
        .iter()
        .any(|bus| system.exists(&format!("/sys/bus/{bus}/devices/{text}")));
    if is_known {
        return None;
    }
    let device = find::find(system, text).ok()?;
    (device.name != text && (bus.is_empty() || device.bus == bus)).then_some(device.name)
}
