// SPDX-License-Identifier: GPL-2.0

//! The line of KEY=VALUE that the module has for a device: `overdrive/status`.

use crate::system::System;

/// The keys. An older module has fewer of them, and a newer one more.
const KEYS: [&str; 6] = ["driver", "override", "by", "rebind", "owned", "lent"];

/// The result of the last rebind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rebind {
    /// There was none.
    Never,
    /// One is under way.
    Busy,
    /// It succeeded.
    Done,
    /// The device was lent, and is back where it was.
    Returned,
    /// It failed with this error number, and the old driver takes the device back as soon as it can.
    Deferred(String),
    /// It failed with this error number, and everything is as it was.
    RolledBack(String),
    /// It failed, and so did the way back, with these two error numbers.
    Stranded(String),
    /// Another word, of a newer module.
    Other(String),
}

impl Rebind {
    fn parse(text: &str) -> Self {
        match text.split_once(':') {
            None if text == "never" => Self::Never,
            None if text == "busy" => Self::Busy,
            None if text == "done" => Self::Done,
            None if text == "returned" => Self::Returned,
            Some(("deferred", error)) => Self::Deferred(error.trim_start_matches('-').into()),
            Some(("rolled-back", error)) => Self::RolledBack(error.trim_start_matches('-').into()),
            Some(("stranded", errors)) => Self::Stranded(errors.into()),
            _ => Self::Other(text.into()),
        }
    }
}

/// The module's account of a device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The origin of the override.
    pub by: Option<String>,
    /// The last rebind.
    pub rebind: Option<Rebind>,
    /// The last rebind, as the module writes it.
    pub rebind_text: Option<String>,
    /// `Some(true)` if userspace has the device or its IOMMU group; `None` if the module does not tell.
    pub owned: Option<bool>,
    /// The borrower of the device, if there is one.
    pub lent: Option<String>,
}

impl Status {
    /// Reads the file of the device whose folder is `path`, if the module has one for it.
    pub fn read(system: &System, path: &str) -> Option<Self> {
        let line = system.word(&format!("{path}/overdrive/status"))?;
        Some(Self::parse(&line))
    }

    fn parse(line: &str) -> Self {
        let given =
            |key| value(line, key).filter(|text| !matches!(text.as_str(), "-" | "0" | "no"));
        let rebind_text = value(line, "rebind");
        Self {
            by: given("by"),
            rebind: rebind_text.as_deref().map(Rebind::parse),
            rebind_text,
            owned: value(line, "owned").and_then(|text| match text.as_str() {
                "yes" | "1" => Some(true),
                "no" | "0" => Some(false),
                _ => None,
            }),
            lent: given("lent"),
        }
    }
}

/// Returns the value of a key: all up to the next key, because a driver's name may have blanks.
fn value(line: &str, key: &str) -> Option<String> {
    let start = if line.starts_with(&format!("{key}=")) {
        key.len() + 1
    } else {
        line.rfind(&format!(" {key}="))? + key.len() + 2
    };
    let rest = &line[start..];
    let end = KEYS
        .iter()
        .filter_map(|next| rest.find(&format!(" {next}=")))
        .min()
        .unwrap_or(rest.len());
    Some(rest[..end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_line_is_read_with_blanks_in_a_drivers_name() {
        let status = Status::parse(
            "driver=a b override=a b by=rule:gpu rebind=rolled-back:-5 owned=yes lent=no",
        );
        assert_eq!(status.by.as_deref(), Some("rule:gpu"));
        assert_eq!(status.rebind, Some(Rebind::RolledBack("5".into())));
        assert_eq!(status.owned, Some(true));
        assert_eq!(status.lent, None);
    }

    #[test]
    fn an_older_modules_status_line_says_nothing_of_owners() {
        let status = Status::parse("driver=- override=- by=- rebind=never");
        assert_eq!(status.by, None);
        assert_eq!(status.rebind, Some(Rebind::Never));
        assert_eq!(status.owned, None);
    }
}
