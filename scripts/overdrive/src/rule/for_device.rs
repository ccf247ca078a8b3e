// SPDX-License-Identifier: GPL-2.0

//! Rules that mean one device, and not the place that another device may have tomorrow.

use overdrive_rules::RuleText;

use super::configfs;
use crate::{
    device::{Device, identity},
    failure::{Exit, Failure, Result},
    system::System,
};

/// Fields in the order in which they are left out when a rule gets too long.
const LEAST_NEEDED: &[&str] = &["serial", "modalias"];

/// Returns a rule for the device, by all that tells it from others: its place, its serial number, and its kind.
///
/// # Errors
///
/// The device has an identity that no rule can hold.
pub fn make(system: &System, name: &str, device: &Device, driver: &str) -> Result<RuleText> {
    let target = identity::of(system, device);
    let mut fields = vec![("bus", device.bus.clone()), ("driver", driver.to_owned())];
    // From the first bus, a path stays the same when buses below get other numbers.
    match target.paths.last() {
        Some(path) if configfs::has_field(system, "path") => fields.push(("path", path.clone())),
        _ => fields.push(("device", escape(&device.name))),
    }
    fields.extend(kind(system, &target));
    let failure = |error| {
        Failure::new(
            Exit::Failed,
            format!("no rule can be made for {}: {error}", device.name),
        )
    };
    let mut rule = RuleText::new(name);
    for (key, text) in &fields {
        rule.set(key, text).map_err(failure)?;
    }
    shorten(&mut rule);
    rule.check().map_err(failure)?;
    Ok(rule)
}

/// Adds to a rule that names the place of a device what tells this device from another one in its place. Returns the
/// fields that were added.
pub fn pin(system: &System, rule: &mut RuleText, device: &Device) -> Vec<&'static str> {
    let target = identity::of(system, device);
    let mut added = Vec::new();
    for (key, text) in kind(system, &target) {
        if rule.get(key).is_empty() && rule.set(key, &text).is_ok() {
            added.push(key);
        }
    }
    for key in shorten(rule) {
        added.retain(|its| *its != key);
    }
    added
}

/// Returns the fields that say which kind of device it is, and which one of its kind.
fn kind(system: &System, target: &overdrive_rules::Device) -> Vec<(&'static str, String)> {
    let mut fields = Vec::new();
    if let Some(serial) = &target.serial {
        if configfs::has_field(system, "serial") {
            fields.push(("serial", serial.clone()));
        }
    }
    if let Some(modalias) = &target.modalias {
        fields.push(("modalias", escape(modalias)));
    }
    fields
}

/// Takes fields back until the rule is short enough, and returns their names.
fn shorten(rule: &mut RuleText) -> Vec<&'static str> {
    let mut left_out = Vec::new();
    for key in LEAST_NEEDED {
        if rule.check().is_ok() {
            break;
        }
        // An empty text is always taken.
        let _ = rule.set(key, "");
        left_out.push(*key);
    }
    left_out
}

/// Takes their meaning from the characters that have one in a pattern.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if matches!(c, '*' | '?' | '[' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Returns a name for the rule of a device.
pub fn name(device: &Device) -> String {
    let is_good =
        |c: char| c.is_ascii_graphic() && !matches!(c, ':' | '/' | '\\' | '"' | '#' | ',' | ';');
    device
        .name
        .trim_start_matches('.')
        .chars()
        .map(|c| if is_good(c) { c } else { '-' })
        .collect()
}
