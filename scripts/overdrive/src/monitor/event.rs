// SPDX-License-Identifier: GPL-2.0

//! An event, as people and programs are told of it.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

/// The kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A device was discovered.
    Add,
    /// A device is gone.
    Remove,
    /// A driver was bound to a device.
    Bind,
    /// A driver was unbound from a device.
    Unbind,
    /// A device was moved, for good.
    Done,
    /// A device was lent.
    Lent,
    /// A device that was lent is back.
    Returned,
    /// A move failed, and the device is as it was.
    RolledBack,
    /// A move failed, and the old driver takes the device back as soon as it can.
    Deferred,
    /// A move failed, and the device has no driver.
    Stranded,
    /// The driver that a rule or a slot names was bound.
    Bound,
    /// The driver that a rule or a slot names did not take the device.
    Failed,
    /// A rule keeps all drivers off a device.
    KeptOff,
    /// Something that only a newer module tells.
    Other,
    /// A rule is for the place of a device that was discovered, but for another device.
    NearMiss,
    /// A rule was put in force.
    RuleAdded,
    /// A rule is in force no longer.
    RuleRemoved,
    /// A rule gave devices their override.
    RuleHit,
    /// Events came faster than they were read.
    Lost,
}

impl Kind {
    /// Returns the kind that the module's uevents call so.
    pub(super) fn of_module(word: &str) -> Self {
        match word {
            "done" => Self::Done,
            "lent" => Self::Lent,
            "returned" => Self::Returned,
            "rolled-back" => Self::RolledBack,
            "deferred" => Self::Deferred,
            "stranded" => Self::Stranded,
            "bound" => Self::Bound,
            "failed" => Self::Failed,
            "kept-off" => Self::KeptOff,
            _ => Self::Other,
        }
    }
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Milliseconds since 1970, UTC, when it was heard of.
    pub time: u64,
    /// The kind.
    pub event: Kind,
    /// The device's bus.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bus: Option<String>,
    /// The device's name on its bus.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The driver that was asked for or bound; empty for the standard driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
    /// The originator: `rebind`, `rule:NAME` or `slot`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The number of devices to which the rule has given their override.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hits: Option<u64>,
    /// The field of a rule by which it missed the device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub differs: Option<String>,
}

impl Event {
    /// Returns an event that happens now.
    pub fn now(event: Kind) -> Self {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            time: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
            event,
            bus: None,
            device: None,
            driver: None,
            by: None,
            rule: None,
            hits: None,
            differs: None,
        }
    }

    /// Returns the line for a person.
    pub fn sentence(&self) -> String {
        format!("{}  {}", clock(self.time), self.text())
    }

    fn text(&self) -> String {
        let device = format!(
            "{}/{}",
            self.bus.as_deref().unwrap_or("-"),
            self.device.as_deref().unwrap_or("-")
        );
        let rule = self.rule.as_deref().unwrap_or("-");
        let driver = match self.driver.as_deref() {
            Some("") => "its standard driver",
            Some("none") => "no driver",
            Some(name) => name,
            None => "a driver",
        };
        let by = match self.by.as_deref() {
            Some(by) => match by.strip_prefix("rule:") {
                Some(rule) => format!(" (rule {rule})"),
                None => format!(" ({by})"),
            },
            None => String::new(),
        };
        match self.event {
            Kind::Add if self.driver.is_some() => {
                format!("{device}: discovered, override {driver}{by}")
            }
            Kind::Add => format!("{device}: discovered"),
            Kind::Remove => format!("{device}: gone"),
            Kind::Bind => format!("{device}: bound to {driver}"),
            Kind::Unbind => format!("{device}: unbound"),
            Kind::Done => format!("{device}: moved to {driver}"),
            Kind::Lent => format!("{device}: lent, with {driver}"),
            Kind::Returned => format!("{device}: back from a loan"),
            Kind::RolledBack => {
                format!("{device}: not moved to {driver}; everything is as it was")
            }
            Kind::Deferred => {
                format!(
                    "{device}: not moved to {driver}; its old driver takes it back as soon as it can"
                )
            }
            Kind::Stranded => {
                format!("{device}: not moved to {driver}, and WITHOUT A DRIVER now")
            }
            Kind::Bound => format!("{device}: got {driver}{by}"),
            Kind::Failed => format!("{device}: {driver} did not take it{by}"),
            Kind::KeptOff => format!("{device}: kept without a driver{by}"),
            Kind::Other => format!("{device}: something that this version does not know{by}"),
            Kind::NearMiss => format!(
                "{device}: in the place that the rule {rule} is for, but another device: {} differs",
                self.differs.as_deref().unwrap_or("a field")
            ),
            Kind::RuleAdded => format!("rule {rule}: in force"),
            Kind::RuleRemoved => format!("rule {rule}: no longer in force"),
            Kind::RuleHit => format!(
                "rule {rule}: {} hits until now",
                self.hits.unwrap_or_default()
            ),
            Kind::Lost => "events were lost: they came faster than they were read".to_owned(),
        }
    }
}

/// Returns the time of the day, UTC, with milliseconds.
fn clock(time: u64) -> String {
    let seconds = time / 1000;
    format!(
        "{:02}:{:02}:{:02}.{:03}Z",
        seconds / 3600 % 24,
        seconds / 60 % 60,
        seconds % 60,
        time % 1000
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_told_in_a_sentence_with_its_time() {
        let event = Event {
            time: 1_764_083_545_042,
            bus: Some("pci".into()),
            device: Some("0000:00:07.0".into()),
            driver: Some("vfio-meta".into()),
            by: Some("rule:gpu".into()),
            ..Event::now(Kind::Bound)
        };
        assert_eq!(
            event.sentence(),
            "15:12:25.042Z  pci/0000:00:07.0: got vfio-meta (rule gpu)"
        );
    }
}
