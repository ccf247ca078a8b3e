// SPDX-License-Identifier: GPL-2.0

//! Events of rules, from their files. The kernel sends none: they are looked at now and then.

use std::collections::BTreeMap;

use super::{Event, Kind};
use crate::{
    rule::configfs::{self, RULES},
    system::System,
};

/// The rules that are in force, with the number of their hits.
#[derive(Debug)]
pub struct Rules {
    known: BTreeMap<String, u64>,
}

impl Rules {
    /// Returns the rules that are in force.
    pub fn new(system: &System) -> Self {
        Self {
            known: read(system),
        }
    }

    /// Returns what has changed since the last look.
    pub fn look(&mut self, system: &System) -> Vec<Event> {
        let now = read(system);
        let before = std::mem::replace(&mut self.known, now);
        changes(&before, &self.known)
    }
}

fn read(system: &System) -> BTreeMap<String, u64> {
    let number = |name: &str, file| system.number(&configfs::file(name, file));
    system
        .list(RULES)
        .into_iter()
        .filter(|name| number(name, "enabled") == Some(1))
        .map(|name| {
            let hits = number(&name, "hits").unwrap_or_default();
            (name, hits)
        })
        .collect()
}

fn changes(before: &BTreeMap<String, u64>, now: &BTreeMap<String, u64>) -> Vec<Event> {
    let event = |kind, name: &String| Event {
        rule: Some(name.clone()),
        ..Event::now(kind)
    };
    let mut events = Vec::new();
    for name in before.keys().filter(|name| !now.contains_key(*name)) {
        events.push(event(Kind::RuleRemoved, name));
    }
    for (name, hits) in now {
        let had = match before.get(name) {
            Some(had) => *had,
            None => {
                events.push(event(Kind::RuleAdded, name));
                0
            }
        };
        // A rule that was made anew between two looks counts from zero again.
        if *hits != had && *hits > 0 {
            events.push(Event {
                hits: Some(*hits),
                ..event(Kind::RuleHit, name)
            });
        }
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_come_and_go_and_hit_are_events() {
        let rules = |list: &[(&str, u64)]| {
            list.iter()
                .map(|(name, hits)| ((*name).to_owned(), *hits))
                .collect::<BTreeMap<_, _>>()
        };
        let told: Vec<_> = changes(
            &rules(&[("gone", 3), ("quiet", 1), ("hit", 1)]),
            &rules(&[("quiet", 1), ("hit", 2), ("new", 0)]),
        )
        .into_iter()
        .map(|event| (event.event, event.rule.unwrap_or_default(), event.hits))
        .collect();
        assert_eq!(
            told,
            [
                (Kind::RuleRemoved, "gone".to_owned(), None),
                (Kind::RuleHit, "hit".to_owned(), Some(2)),
                (Kind::RuleAdded, "new".to_owned(), None),
            ]
        );
    }
}
