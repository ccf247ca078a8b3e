// SPDX-License-Identifier: GPL-2.0

//! The engine for programs: its texts as strings, its errors as errors.

use crate::policy::rules::{
    self,
    builder::RuleBuilder,
    field::{Comparison, Field, MatchTarget, PRECEDENCE},
    param,
    pattern::Pattern,
    rule_error::RuleError,
    slot::{self, SlotBus},
    spec::Mismatch,
    table::Table,
    Origin, ParseError, RuleId, Spec,
};
use kernel::{prelude::GFP_KERNEL, sync::Arc};

/// The reason why a text is no rule, no value or no slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The index of the first bad byte, from 0; [`None`] if the fault is in what is missing.
    pub at: Option<usize>,
    /// The reason, in the user's words.
    pub reason: &'static str,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.at {
            Some(at) => write!(f, "at {at}: {}", self.reason),
            None => f.write_str(self.reason),
        }
    }
}

impl std::error::Error for Error {}

impl From<ParseError> for Error {
    fn from(error: ParseError) -> Self {
        Self {
            at: Some(error.at),
            reason: error.reason,
        }
    }
}

impl From<RuleError> for Error {
    fn from(error: RuleError) -> Self {
        Self {
            at: None,
            reason: error.reason(),
        }
    }
}

fn text(bytes: &[u8]) -> &str {
    // Canonical texts are printable ASCII.
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// A field of a rule, as it is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldInfo {
    /// The name: of the file in configfs, in `rules=` and in a saved rule.
    pub key: &'static str,
    /// One sentence of help.
    pub help: &'static str,
    /// Returns `true` if the field can be the only matcher of a rule.
    pub is_matcher: bool,
    /// Returns `true` if the value is a pattern.
    pub is_pattern: bool,
    /// Returns `true` if the value is `0` or `1`.
    pub is_flag: bool,
}

/// All fields of a rule, in the order of their declaration.
pub fn fields() -> impl Iterator<Item = FieldInfo> {
    Field::ALL.into_iter().map(|field| FieldInfo {
        key: field.key(),
        help: field.help().trim(),
        is_matcher: field.is_matcher(),
        is_pattern: field.comparison() == Comparison::Pattern,
        is_flag: field.comparison() == Comparison::Flag,
    })
}

/// The steps in which two rules that match the same device are compared. After the last, the older
/// rule wins.
pub fn precedence() -> impl Iterator<Item = &'static str> {
    PRECEDENCE.iter().map(|step| step.name)
}

fn field(key: &str) -> Result<Field, Error> {
    Field::of_key(key.as_bytes()).ok_or(Error {
        at: None,
        reason: "no such field",
    })
}

/// The canonical form of a value for the field called `key`.
///
/// # Errors
///
/// The first bad byte of `value`.
pub fn canonical(key: &str, value: &str) -> Result<String, Error> {
    let value = field(key)?.canonical(value.as_bytes())?;

    Ok(text(&value).into())
}

/// Returns `true` if all of `text` matches `pattern`, as in the fields of a rule that are patterns. What is
/// no pattern matches nothing.
pub fn matches_pattern(pattern: &str, text: &str) -> bool {
    Pattern::check(pattern.as_bytes()).is_ok_and(|pattern| pattern.matches(text.as_bytes()))
}

/// Returns `true` if a rule can be called `name`.
pub fn is_rule_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(param::is_name_char) && !matches!(name, "." | "..")
}

/// A rule as texts, of which any can be missing.
#[derive(Default)]
pub struct RuleText {
    /// The name.
    pub name: String,
    builder: RuleBuilder,
}

impl std::fmt::Debug for RuleText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_parameter())
    }
}

impl RuleText {
    /// Makes a rule without any field.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            builder: RuleBuilder::default(),
        }
    }

    /// Sets a field, to the canonical form of `value`. An empty value takes the field back.
    ///
    /// # Errors
    ///
    /// There is no such field; or the first bad byte of `value`.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), Error> {
        Ok(self.builder.set(field(key)?, value.as_bytes())?)
    }

    /// The canonical value of a field, empty if it is not given.
    pub fn get(&self, key: &str) -> &str {
        field(key).map_or("", |field| text(self.builder.get(field)))
    }

    /// The fields that are given, in the order of their declaration, with their canonical values.
    pub fn given(&self) -> impl Iterator<Item = (&'static str, &str)> {
        Field::ALL
            .into_iter()
            .map(|field| (field.key(), text(self.builder.get(field))))
            .filter(|(_, value)| !value.is_empty())
    }

    /// The driver: a name, `none`, `@group` or `@standard`.
    pub fn driver(&self) -> &str {
        text(self.builder.get(Field::Driver))
    }

    /// Checks that the rule is complete.
    ///
    /// # Errors
    ///
    /// What is missing, or that the texts are too long together.
    pub fn check(&self) -> Result<(), Error> {
        self.spec().map(drop)
    }

    fn spec(&self) -> Result<Spec, Error> {
        Ok(self.builder.compile(self.name.as_bytes())?)
    }

    fn from_spec(spec: &Spec) -> Self {
        let mut rule = Self::new(text(spec.name()));

        for field in Field::ALL {
            // Canonical texts are good values.
            let _ = rule.builder.set(field, spec.get(field));
        }
        rule
    }

    /// The rule as it is written in the module parameter `rules=`.
    pub fn to_parameter(&self) -> String {
        let mut fields = Vec::new();

        if !self.name.is_empty() {
            fields.push(format!("name={}", self.name));
        }
        for (key, value) in self.given() {
            let is_pattern = field(key).is_ok_and(|it| it.comparison() == Comparison::Pattern);

            fields.push(format!("{key}={}", escape(value, is_pattern)));
        }
        fields.join(",")
    }
}

/// Takes their meaning from separators in `value`.
fn escape(value: &str, is_pattern: bool) -> String {
    let mut escaped = String::new();
    let mut chars = value.chars().peekable();

    while let Some(c) = chars.next() {
        let meant = match c {
            ',' | ';' => true,
            // In a pattern, it takes the meaning from what follows already.
            '\\' if is_pattern => {
                escaped.push(c);
                escaped.extend(chars.next());
                continue;
            }
            '\\' => matches!(chars.peek(), None | Some(',' | ';' | '\\')),
            _ => false,
        };

        if meant {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Reads the module parameter `rules=`: for each of its rules the rule, or why it is none.
///
/// Positions count from the beginning of `text`.
pub fn parse_rules(text: &str) -> Vec<Result<RuleText, Error>> {
    let mut rules = Vec::new();
    let Ok(()) = param::parse(text.as_bytes(), |rule| {
        rules.push(match rule {
            Ok(spec) => Ok(RuleText::from_spec(&spec)),
            Err(error) => Err(error.into()),
        });
        Ok::<_, std::convert::Infallible>(())
    });

    rules
}

/// A slot: devices of a bus, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// `pci` or `platform`.
    pub bus: &'static str,
    /// The canonical pattern of the devices' names.
    pub device: String,
}

impl Slot {
    /// Reads one slot of a bus: `[DDDD:]BB:SS.F` of PCI, where SS and F can be `*`; the name of a
    /// device, or a pattern, of the platform bus.
    ///
    /// # Errors
    ///
    /// The first bad byte; or that there are no slots of such a bus.
    pub fn parse(bus: &str, text: &str) -> Result<Self, Error> {
        let bus = match bus {
            "pci" => SlotBus::Pci,
            "platform" => SlotBus::Platform,
            _ => {
                return Err(Error {
                    at: None,
                    reason: "slots are of the buses pci and platform",
                })
            }
        };

        Ok((&slot::Slot::parse(bus, text.as_bytes())?).into())
    }
}

impl From<&slot::Slot> for Slot {
    fn from(slot: &slot::Slot) -> Self {
        Self {
            bus: match slot.bus {
                SlotBus::Pci => "pci",
                SlotBus::Platform => "platform",
            },
            device: text(slot.device()).into(),
        }
    }
}

/// Reads the module parameter `slots=`: for each of its slots the slot, or why it is none.
///
/// Positions count from the beginning of `text`.
pub fn parse_slots(text: &str) -> Vec<Result<Slot, Error>> {
    let mut slots = Vec::new();
    let Ok(()) = slot::parse_param(text.as_bytes(), |slot| {
        slots.push(match slot {
            Ok(slot) => Ok((&slot).into()),
            Err(error) => Err(error.into()),
        });
        Ok::<_, std::convert::Infallible>(())
    });

    slots
}

/// A device, as rules see it. All texts are in their canonical form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// The name of the bus.
    pub bus: String,
    /// The name of the device.
    pub name: String,
    /// Returns `true` if it is a PCI bridge (header type 1 or 2), a host bridge (class 0600) or a USB
    /// hub.
    pub is_bridge: bool,
    /// The PCI paths, one from each bus above the device.
    pub paths: Vec<String>,
    /// Names and paths of the parent, and of the physical function of a virtual function.
    pub parents: Vec<String>,
    /// Names and paths of all ancestors, and of the physical function and its ancestors.
    pub ancestors: Vec<String>,
    /// The path of the firmware node.
    pub firmware: Option<String>,
    /// The serial number.
    pub serial: Option<String>,
    /// The module alias.
    pub modalias: Option<String>,
    /// The index of a virtual function.
    pub vf: Option<u16>,
    /// Returns `true` if userspace owns the IOMMU group.
    pub group_owned: bool,
}

impl Device {
    /// Reads what `identity` of a device has, which are lines of KEY=VALUE. Lines with a key that this
    /// program does not know are left out.
    pub fn from_identity(bus: &str, name: &str, identity: &str) -> Self {
        let mut device = Self {
            bus: bus.into(),
            name: name.into(),
            ..Self::default()
        };

        for (key, value) in identity.lines().filter_map(|line| line.split_once('=')) {
            match key {
                "path" => device.paths.push(value.into()),
                "parent" => device.parents.push(value.into()),
                "below" => device.ancestors.push(value.into()),
                "firmware" => device.firmware = Some(value.into()),
                "serial" => device.serial = canonical(key, value).ok(),
                "modalias" => device.modalias = Some(value.into()),
                "vf" => device.vf = value.parse().ok(),
                "bridge" => device.is_bridge = value == "1",
                _ => {}
            }
        }
        device
    }
}

impl MatchTarget for Device {
    fn bus(&self) -> &[u8] {
        self.bus.as_bytes()
    }
    fn name(&self) -> &[u8] {
        self.name.as_bytes()
    }
    fn is_bridge(&self) -> bool {
        self.is_bridge
    }
    fn paths(&self) -> impl Iterator<Item = &[u8]> {
        self.paths.iter().map(String::as_bytes)
    }
    fn parents(&self) -> impl Iterator<Item = &[u8]> {
        self.parents.iter().map(String::as_bytes)
    }
    fn ancestors(&self) -> impl Iterator<Item = &[u8]> {
        self.ancestors.iter().map(String::as_bytes)
    }
    fn firmware(&self) -> Option<&[u8]> {
        self.firmware.as_ref().map(String::as_bytes)
    }
    fn serial(&self) -> Option<&[u8]> {
        self.serial.as_ref().map(String::as_bytes)
    }
    fn modalias(&self) -> Option<&[u8]> {
        self.modalias.as_ref().map(String::as_bytes)
    }
    fn vf(&self) -> Option<u16> {
        self.vf
    }
    fn group_owned(&self) -> bool {
        self.group_owned
    }
}

/// The fate of one rule when a device is discovered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The rule acts.
    Wins,
    /// The rule matches, but another one wins.
    Loses {
        /// The name of the winner.
        to: String,
        /// The first step of the [`precedence`] in which the two differ; `older` if none does.
        by: &'static str,
    },
    /// The rule does not match: the device does not have what this field says.
    Mismatch {
        /// The key of the first such field.
        field: &'static str,
    },
    /// All matchers match, but the device is a bridge or a hub, which only an exact `device`, `path` or
    /// `firmware` may take.
    Bridge,
}

/// One rule, explained.
#[derive(Debug)]
pub struct Explained<'a> {
    /// The rule.
    pub rule: &'a RuleText,
    /// Its fate.
    pub verdict: Verdict,
    /// Returns `true` if the rule names the place of the device (by exact `device`, `path` or
    /// `firmware`), but does not match it: another device was there when it was written.
    pub is_near_miss: bool,
}

/// The rules, from the oldest to the youngest.
#[derive(Default)]
pub struct Rules {
    table: Option<Table>,
    // Each at the index that is its ID.
    texts: Vec<RuleText>,
}

impl Rules {
    /// Makes an empty set of rules.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a rule, which is younger than all others. Returns its index.
    ///
    /// # Errors
    ///
    /// The rule is not complete.
    pub fn add(&mut self, rule: &RuleText) -> Result<usize, Error> {
        let spec = rule.spec()?;
        let text = RuleText::from_spec(&spec);
        let index = self.texts.len();
        let memory = |_| Error::from(RuleError::NoMemory);
        let added = rules::Rule {
            spec: Arc::new(spec, GFP_KERNEL).map_err(|_| Error::from(RuleError::NoMemory))?,
            id: RuleId(index as u64),
            origin: Origin::Rule,
            hits: 0,
        };

        self.table
            .get_or_insert_with(Table::new)
            .insert(added)
            .map_err(memory)?;
        self.texts.push(text);
        Ok(index)
    }

    /// All rules.
    pub fn iter(&self) -> impl Iterator<Item = &RuleText> {
        self.texts.iter()
    }

    fn text(&self, rule: &rules::Rule) -> Option<&RuleText> {
        self.texts.get(usize::try_from(rule.id.0).ok()?)
    }

    /// The rule that wins for `device`.
    pub fn find(&self, device: &Device) -> Option<&RuleText> {
        self.text(self.table.as_ref()?.find(device)?)
    }

    /// Returns the fate of each rule when `device` is discovered, in the order in which they were added.
    pub fn explain(&self, device: &Device) -> Vec<Explained<'_>> {
        let Some(table) = &self.table else {
            return Vec::new();
        };
        let mut near = Vec::new();
        let winner = table.find(device);
        table.for_each_near_miss(device, |rule, _| near.push(rule.id));

        let mut rules: Vec<_> = table.iter().collect();
        rules.sort_by_key(|rule| rule.id);
        rules
            .into_iter()
            .filter_map(|rule| {
                Some(Explained {
                    rule: self.text(rule)?,
                    verdict: verdict(rule, winner, device),
                    is_near_miss: near.contains(&rule.id),
                })
            })
            .collect()
    }
}

fn verdict(rule: &rules::Rule, winner: Option<&rules::Rule>, device: &Device) -> Verdict {
    match (rule.spec.mismatch(device), winner) {
        (Some(Mismatch::Field(field)), _) => Verdict::Mismatch { field: field.key() },
        (Some(Mismatch::Bridge), _) => Verdict::Bridge,
        (None, Some(winner)) if winner.id != rule.id => {
            let (its, ours) = (winner.spec.rank(winner.id), rule.spec.rank(rule.id));
            let differ = its.weights.iter().zip(ours.weights);

            Verdict::Loses {
                to: text(winner.spec.name()).into(),
                by: differ
                    .zip(&PRECEDENCE)
                    .find(|((its, ours), _)| **its != *ours)
                    .map_or("older", |(_, step)| step.name),
            }
        }
        (None, _) => Verdict::Wins,
    }
}
