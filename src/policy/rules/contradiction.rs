// SPDX-License-Identifier: GPL-2.0

//! Rules whose matchers exclude each other.
//!
//! Each is good by itself, but no device has them all: a rule that can't act is a slip, of which the
//! user is told when it is put in force.

use super::{
    canonical::{
        self,
        PCI,
        USB, //
    },
    field::Field,
    pattern::Pattern, //
};

/// Returns the reason why no device can have all texts of a rule, if there is one.
pub(super) fn contradiction<'a>(get: impl Fn(Field) -> &'a [u8]) -> Option<&'static str> {
    let given = |field| !get(field).is_empty();
    let (bus, device) = (get(Field::Bus), get(Field::Device));
    let is_named = !device.is_empty() && Pattern(device).is_literal();
    let alias = Pattern(get(Field::Modalias)).prefix();
    // The bus of an alias that has to begin with its name.
    let alias_bus = [PCI, USB].into_iter().find(|&bus| is_alias_of(alias, bus));
    let is_other = |its: &[u8]| !bus.is_empty() && bus != its;

    if given(Field::Path) && given(Field::Vf) {
        return Some("a virtual function has no path");
    }
    if (given(Field::Path) || given(Field::Vf)) && (is_other(PCI) || alias_bus == Some(USB)) {
        return Some("only a PCI device has a path, or is a virtual function");
    }
    if given(Field::Serial) && is_other(PCI) && is_other(USB) {
        return Some("only PCI and USB devices have a serial number");
    }
    if given(Field::Modalias) {
        let begins_otherwise = |bus: &[u8]| {
            let shared = Iterator::zip(alias.iter(), bus.iter().chain(b":"));

            shared.into_iter().any(|(a, b)| a != b)
        };

        if alias_bus.is_some_and(is_other)
            || [PCI, USB]
                .into_iter()
                .any(|it| it == bus && begins_otherwise(it))
        {
            return Some("the modalias is one of another bus");
        }
    }
    if is_named && bus == PCI && !canonical::is_address(device) {
        return Some("the name of a PCI device is its address");
    }
    if is_named && given(Field::Path) && function(device) != function(get(Field::Path)) {
        return Some("device and path are of two devices");
    }
    let takes_bridges = is_named || given(Field::Path) || given(Field::Firmware);
    if !takes_bridges && is_of_bridges(get(Field::Modalias)) {
        return Some("bridges and hubs are taken by an exact device, path or firmware");
    }
    for above in [Field::Parent, Field::Below] {
        let above = get(above);

        if !above.is_empty() && ((is_named && above == device) || above == get(Field::Path)) {
            return Some("no device is below itself");
        }
    }
    None
}

/// Returns `DD.F`, which the address and the path of a PCI device end with.
fn function(text: &[u8]) -> Option<&[u8]> {
    canonical::is_address(text.split(|&c| c == b'/').next()?)
        .then(|| text.last_chunk::<4>().map(<[u8; 4]>::as_slice))
        .flatten()
}

/// Returns `true` if all devices of the alias are host bridges, bridges or hubs, by their class.
fn is_of_bridges(alias: &[u8]) -> bool {
    const CLASSES: [(&[u8], &[u8]); 4] = [
        (PCI, b"bc06sc00"),
        (PCI, b"bc06sc04"),
        (USB, b"dc09"),
        (USB, b"ic09"),
    ];

    CLASSES.into_iter().any(|(bus, class)| {
        is_alias_of(alias, bus) && alias.windows(class.len()).any(|it| it == class)
    })
}

fn is_alias_of(alias: &[u8], bus: &[u8]) -> bool {
    matches!(alias.strip_prefix(bus), Some([b':', ..]))
}
