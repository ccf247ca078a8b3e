// SPDX-License-Identifier: GPL-2.0

//! The bus that a rule is about, also where the rule does not say so.

use overdrive_rules::RuleText;

use crate::{bus, device::all_buses, store::boot, system::System};

/// Returns the bus whose devices a rule is about, if that is certain.
///
/// It is the one that the rule names, that of its modalias, whose first word is the bus's name on most buses, or the only
/// one that has a device of the rule's name.
pub fn of(system: &System, rule: &RuleText) -> Option<String> {
    let named = rule.get("bus");
    if !named.is_empty() {
        return Some(named.to_owned());
    }
    if let Some((word, _)) = rule.get("modalias").split_once(':') {
        // Platform devices have modaliases of ACPI as well.
        let is_bus =
            boot::is_bus(word) || word != "acpi" && system.is_dir(&format!("/sys/bus/{word}"));
        return is_bus.then(|| word.to_owned());
    }
    let device = rule.get("device");
    if device.is_empty() {
        return None;
    }
    let mut buses = all_buses(system);
    buses.retain(|bus| system.exists(&format!("/sys/bus/{bus}/devices/{device}")));
    match buses.as_slice() {
        [_] => buses.pop(),
        _ => None,
    }
}

/// Returns the bus that has to be extended before the rule can act, if there is one.
pub fn to_extend(system: &System, rule: &RuleText) -> Option<String> {
    let name = of(system, rule)?;
    let has_override =
        bus::is_native(system, &name) || bus::extended(system).iter().any(|(its, _)| *its == name);
    (!has_override).then_some(name)
}
