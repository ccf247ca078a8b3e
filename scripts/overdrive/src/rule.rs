// SPDX-License-Identifier: GPL-2.0

//! Rules: which devices get which driver when they are discovered.

pub mod configfs;
pub mod field;
pub mod parameter;
pub mod put_right;

use crate::{
    failure::{Failure, Result},
    system::System,
};

use field::Field;

/// What a rule says, whether it is in force or saved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Its fields in the order in which they are written, none twice.
    pub fields: Vec<(Field, String)>,
}

impl Rule {
    /// Returns a rule without fields.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            fields: Vec::new(),
        }
    }

    /// Returns the text of a field, empty if it is not given.
    pub fn get(&self, field: Field) -> &str {
        self.fields
            .iter()
            .find(|(its, _)| *its == field)
            .map_or("", |(_, text)| text)
    }

    /// Sets a field.
    pub fn set(&mut self, field: Field, text: impl Into<String>) {
        self.fields.retain(|(its, _)| *its != field);
        self.fields.push((field, text.into()));
        self.fields.sort_by_key(|(field, _)| *field);
    }

    /// Returns the driver that the rule's devices get.
    pub fn driver(&self) -> &str {
        self.get(Field::Driver)
    }

    /// Returns the matchers as a person writes them.
    pub fn matchers(&self) -> String {
        let words: Vec<String> = self
            .fields
            .iter()
            .filter(|(field, _)| *field != Field::Driver)
            .map(|(field, text)| format!("{field}={text}"))
            .collect();
        words.join(" ")
    }
}

/// Refuses what no folder of configfs and no file can be called, or what can't be told apart from other words.
pub fn check_name(name: &str) -> Result {
    let is_bad = |c: char| matches!(c, '/' | ':') || !c.is_ascii_graphic();
    if name.is_empty() || name.starts_with('.') || name.contains(is_bad) {
        return Err(Failure::usage(format!("'{name}' can't be a rule's name")));
    }
    Ok(())
}

/// Returns the rules that are in force, or were made and not put in force.
pub fn all_in_kernel(system: &System) -> Vec<Rule> {
    let mut rules = parameter::all(system);
    rules.extend(configfs::all(system).into_iter().map(|made| made.rule));
    rules
}
