// SPDX-License-Identifier: GPL-2.0

//! The fields of a rule, declared once.
//!
//! [`rule_fields`] is the table that everything else is made from: the text that a user writes, the
//! files in configfs, the grammar of the parameter `rules=`, and the comparison with a device.
//! [`PRECEDENCE`] says which of two rules wins. A new matcher is a row in each of them, and a method
//! of [`MatchTarget`] that tells what a device has.

use super::{
    canonical,
    pattern::Pattern,
    ParseError, //
};
use core::iter::once;
use kernel::prelude::*;

/// A device, as rules see it.
///
/// What a device has no answer to matches no rule that asks.
pub(crate) trait MatchTarget {
    /// The name of the bus.
    fn bus(&self) -> &[u8];

    /// The name of the device.
    fn name(&self) -> &[u8];

    /// Returns `true` if other devices are reached through this one: a PCI bridge, a host bridge or a
    /// USB hub.
    fn is_bridge(&self) -> bool;

    /// The paths of a PCI device, one from each bus above it; none for a virtual function.
    fn paths(&self) -> impl Iterator<Item = &[u8]>;

    /// Names and paths of the parent, and of the physical function of a virtual function.
    fn parents(&self) -> impl Iterator<Item = &[u8]>;

    /// Names and paths of all ancestors, and of those of the physical function.
    fn ancestors(&self) -> impl Iterator<Item = &[u8]>;

    /// The path of the firmware node, as `%pfwf` prints it.
    fn firmware(&self) -> Option<&[u8]>;

    /// The serial number, in the form of [`canonical::serial`].
    fn serial(&self) -> Option<&[u8]>;

    /// The module alias; empty if the bus has none, [`None`] if it could not be found out.
    fn modalias(&self) -> Option<&[u8]>;

    /// The index of a virtual function, from 0.
    fn vf(&self) -> Option<u16>;

    /// Returns `true` if userspace owns the IOMMU group.
    fn group_owned(&self) -> bool;
}

/// The comparison of what a rule says with what a device has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// One of the device's texts is the rule's.
    Equal,
    /// One of the device's texts matches the rule's pattern.
    Pattern,
    /// The device's number is one of the rule's.
    Index,
    /// The device has the property. The rule's text is `1`.
    Flag,
    /// None: the field is no matcher.
    None,
}

/// Calls the macro `$then` with the table of all fields.
///
/// A row is: number, key, variant of [`Field`], comparison, function that makes a text canonical,
/// and what a device has. The key is the name of the file in configfs and the word in `rules=`.
macro_rules! rule_fields {
    ($then:ident) => {
        $then! {
            /// The name of the bus.
            0 bus Bus Equal(canonical::bus) |device| once(device.bus());
            /// The device's name, or a pattern of it.
            1 device Device Pattern(canonical::device) |device| once(device.name());
            /// The PCI path, in the syntax of the kernel's `pci=` parameters.
            2 path Path Equal(canonical::path) |device| device.paths();
            /// The parent or physical function, by name or path.
            3 parent Parent Equal(canonical::place) |device| device.parents();
            /// Any ancestor, by name or path.
            4 below Below Equal(canonical::place) |device| device.ancestors();
            /// The firmware node: a path in ACPI's namespace or in the device tree.
            5 firmware Firmware Equal(canonical::firmware) |device| device.firmware();
            /// The PCIe Device Serial Number, or the serial number of a USB device.
            6 serial Serial Equal(canonical::serial) |device| device.serial();
            /// A pattern of the module alias.
            7 modalias Modalias Pattern(canonical::modalias) |device| device.modalias();
            /// Indices of virtual functions: numbers and ranges.
            8 vf Vf Index(canonical::indices) |device| device.vf();
            /// `1` for devices whose IOMMU group userspace owns.
            9 group_owned GroupOwned Flag(canonical::flag) |device| device.group_owned();
            /// The driver: a name, `none`, `@group` or `@standard`.
            10 driver Driver None(canonical::driver) |_device| ();
        }
    };
}
#[allow(
    unused_imports,
    reason = "the files in configfs are not in every build"
)]
pub(crate) use rule_fields;

/// The arm of one field, by its comparison.
macro_rules! compare {
    (Equal, $text:ident, $has:expr) => {
        $has.into_iter().any(|it| it == $text)
    };
    (Pattern, $text:ident, $has:expr) => {
        $has.into_iter().any(|it| Pattern($text).matches(it))
    };
    (Index, $text:ident, $has:expr) => {
        $has.is_some_and(|it| canonical::has_index($text, it))
    };
    (Flag, $text:ident, $has:expr) => {
        $has
    };
    (None, $text:ident, $has:expr) => {{
        let () = $has;
        true
    }};
}

/// Calls `$f` with the texts that a device has for a field that compares texts.
macro_rules! any_text {
    (Equal, $f:ident, $has:expr) => {
        $has.into_iter().any($f)
    };
    (Pattern, $f:ident, $has:expr) => {
        $has.into_iter().any($f)
    };
    ($other:ident, $f:ident, $has:expr) => {{
        let _ = $has;
        false
    }};
}

macro_rules! declare {
    ($(
        $(#[doc = $doc:literal])*
        $number:literal $key:ident $field:ident $comparison:ident($canonical:path)
            |$device:ident| $has:expr;
    )*) => {
        /// A field of a rule.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Field {
            $(
                $(#[doc = $doc])*
                $field = $number,
            )*
        }

        impl Field {
            /// All fields, each at the index that is its number.
            pub(crate) const ALL: [Self; [$($number),*].len()] = [$(Self::$field),*];

            /// The name: of the file in configfs, and in `rules=`.
            pub(crate) fn key(self) -> &'static str {
                match self {
                    $(Self::$field => stringify!($key),)*
                }
            }

            /// A line of help.
            #[allow(dead_code, reason = "for the command")]
            pub(crate) fn help(self) -> &'static str {
                match self {
                    $(Self::$field => concat!($($doc),*),)*
                }
            }

            /// The comparison with a device.
            pub(crate) fn comparison(self) -> Comparison {
                match self {
                    $(Self::$field => Comparison::$comparison,)*
                }
            }

            /// The canonical form of what a user wrote; empty for empty text, which takes the field
            /// back.
            ///
            /// # Errors
            ///
            /// The first bad character, and the reason.
            pub(crate) fn canonical(self, text: &[u8]) -> Result<KVec<u8>, ParseError> {
                if self != Self::Serial {
                    canonical::no_blanks_around(text)?;
                }
                match self {
                    _ if text.is_empty() => Ok(KVec::new()),
                    $(Self::$field => $canonical(text),)*
                }
            }

            /// Returns `true` if the device has what the rule says. Empty text matches every device.
            pub(crate) fn matches(self, text: &[u8], device: &impl MatchTarget) -> bool {
                match self {
                    _ if text.is_empty() => true,
                    $(
                        Self::$field => {
                            let $device = device;

                            compare!($comparison, text, $has)
                        }
                    )*
                }
            }

            /// Calls `f` with each text that the device has for this field, until it returns `true`.
            ///
            /// Returns what the last call did.
            pub(crate) fn any_text(
                self,
                device: &impl MatchTarget,
                f: impl FnMut(&[u8]) -> bool,
            ) -> bool {
                match self {
                    $(
                        Self::$field => {
                            let $device = device;

                            any_text!($comparison, f, $has)
                        }
                    )*
                }
            }
        }
    };
}

rule_fields!(declare);

impl Field {
    /// The number of fields.
    pub(crate) const COUNT: usize = Self::ALL.len();

    /// The field with that key.
    pub(crate) fn of_key(key: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|field| field.key().as_bytes() == key)
    }

    /// The number in the declaration: an index from 0.
    pub(crate) fn number(self) -> usize {
        usize::from(self as u8)
    }

    /// Returns `true` if the field is a matcher that a rule can have as its only one.
    ///
    /// The bus alone is none: for all devices of a bus there is `modalias=*`.
    pub(crate) fn is_matcher(self) -> bool {
        !matches!(self, Self::Bus | Self::Driver)
    }
}

/// The part of a rule's text that a table is searched by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// All of it, for equal texts.
    Text,
    /// The literal text before the first character with a meaning of its own.
    Prefix,
    /// None: such rules are compared one by one.
    None,
}

/// One step of the comparison of two rules.
#[derive(Debug)]
pub(crate) struct Step {
    /// The field that is compared.
    pub(crate) field: Field,
    /// The weight of a text in this step, which is given; the smaller wins.
    pub(crate) weight: fn(&[u8]) -> u16,
    /// The field by which rules are found for which this is the first step.
    pub(crate) key: Key,
    /// Returns `true` if a rule with this may take a bridge or a hub.
    pub(crate) takes_bridges: bool,
    /// The name of the step where it is explained.
    #[allow(dead_code, reason = "for the command")]
    pub(crate) name: &'static str,
}

/// The weight of a field that is not given, or not as the step wants it.
pub(crate) const NOT_GIVEN: u16 = u16::MAX;

const fn step(field: Field, weight: fn(&[u8]) -> u16, key: Key, name: &'static str) -> Step {
    Step {
        field,
        weight,
        key,
        takes_bridges: false,
        name,
    }
}

const fn and_takes_bridges(mut step: Step) -> Step {
    step.takes_bridges = true;
    step
}

/// The steps in which two rules that match the same device are compared; the first that differs
/// decides, and after the last the older rule wins.
///
/// First what can be true of one device only, then what is true of few, then of many. A rule that has
/// a field wins over one that does not.
///
/// | step | why here |
/// |---|---|
/// | exact `device` | a name on a bus is one device, now |
/// | `path` | one device, wherever its bus is numbered |
/// | `serial` | one card, with all its functions |
/// | `firmware` | one node, which the children of one chip can share |
/// | pattern of `device`, fewest `*` | a set of names |
/// | `parent` | what is at one port |
/// | `below`, most steps of a path | all that is behind a port, however far; the longer path is nearer |
/// | `modalias`, fewest `*` | a kind of device, wherever it is |
/// | `vf` | divides what the others name |
/// | `group_owned` | a condition rather than a name |
pub(crate) static PRECEDENCE: [Step; 10] = [
    and_takes_bridges(step(Field::Device, if_literal, Key::Text, "exact device")),
    and_takes_bridges(step(Field::Path, if_given, Key::Text, "path")),
    step(Field::Serial, if_given, Key::Text, "serial"),
    and_takes_bridges(step(Field::Firmware, if_given, Key::Text, "firmware")),
    step(Field::Device, stars, Key::Prefix, "pattern of device"),
    step(Field::Parent, if_given, Key::Text, "parent"),
    step(Field::Below, steps_up, Key::Text, "below"),
    step(Field::Modalias, stars, Key::Prefix, "modalias"),
    step(Field::Vf, if_given, Key::None, "vf"),
    step(Field::GroupOwned, if_given, Key::None, "group_owned"),
];

fn if_given(_: &[u8]) -> u16 {
    0
}

fn if_literal(text: &[u8]) -> u16 {
    match Pattern(text).is_literal() {
        true => 0,
        false => NOT_GIVEN,
    }
}

fn stars(text: &[u8]) -> u16 {
    // One that is not given is always worse.
    Pattern(text).stars().min(NOT_GIVEN - 1)
}

/// Paths of more steps lead nearer to the device.
fn steps_up(text: &[u8]) -> u16 {
    let steps = text.iter().filter(|&&c| c == b'/').count();

    (NOT_GIVEN - 1).saturating_sub(u16::try_from(steps).unwrap_or(NOT_GIVEN))
}
