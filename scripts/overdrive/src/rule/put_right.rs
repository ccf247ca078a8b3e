// SPDX-License-Identifier: GPL-2.0

//! What people write in a rule, in the form in which the kernel can match it.

use super::{Rule, field::Field};
use crate::{
    device::{find, pci_address::PciAddress},
    failure::{Exit, Failure, Result},
    system::System,
};

mod modalias;

/// Puts a rule's texts into the form that matches, as far as their meaning is beyond doubt.
///
/// # Errors
///
/// A text that can match nothing, with the form that works.
pub fn rule(system: &System, rule: &mut Rule) -> Result {
    for (field, text) in rule.fields.clone() {
        let better = match field {
            Field::Device | Field::Parent => name(system, rule, field, &text)?,
            Field::Modalias => modalias::canonical(&text).filter(|better| *better != text),
            _ => None,
        };
        if let Some(better) = better {
            crate::output::say(format!("{field}={text} is written {field}={better}"));
            rule.set(field, better);
        }
    }
    Ok(())
}

/// Returns the name by which the kernel knows a device, if `text` is another one.
fn name(system: &System, rule: &Rule, field: Field, text: &str) -> Result<Option<String>> {
    let bus = rule.get(Field::Bus);
    if is_pattern(text) || (!bus.is_empty() && bus != "pci") {
        return Ok(None);
    }
    if let Some(address) = PciAddress::parse(text) {
        return Ok(Some(address.to_string()).filter(|address| address != text));
    }
    if let Some((vendor, product)) = find::id(text) {
        return Err(Failure::new(
            Exit::Usage,
            format!(
                "{field}={text}: that is an ID, and not the name of a device. For all devices that have it: \
                 modalias=pci:v0000{}d0000{}*",
                vendor.to_ascii_uppercase(),
                product.to_ascii_uppercase()
            ),
        ));
    }
    let is_known = crate::device::all_buses(system)
        .iter()
        .any(|bus| system.exists(&format!("/sys/bus/{bus}/devices/{text}")));
    if is_known {
        return Ok(None);
    }
    // An interface or a disk is known by the name of the device that carries it.
    match find::find(system, text) {
        Ok(device) if device.name != text => Ok(Some(device.name)),
        _ => Ok(None),
    }
}

/// Returns `true` if the text has characters with a meaning of their own.
pub fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '\\'])
}
