// SPDX-License-Identifier: GPL-2.0

//! The requests that can be written to `/dev/overdrive`: `VERB [OPTION…] driver=DRIVER BUS/DEVICE…`.

use kernel::prelude::*;

/// The time for which devices are to stay with their new driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// For good.
    Bind,
    /// Until the file is closed.
    Lend,
}

/// The destination of the devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Destination<'a> {
    /// The driver that they have without an override.
    Standard,
    /// A driver, or none by the name `none`.
    Driver(&'a [u8]),
}

/// A line, understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request<'a> {
    pub(super) verb: Verb,
    /// Wait for users of the devices.
    pub(super) wait: bool,
    pub(super) destination: Destination<'a>,
    /// The devices, which [`devices`] reads.
    rest: &'a [u8],
}

/// Takes the first word off a line. Double quotes hold blanks in a word.
fn word(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let start = line.iter().position(|c| !c.is_ascii_whitespace())?;
    let line = line.get(start..)?;
    let mut quoted = false;
    let end = line
        .iter()
        .position(|&c| {
            quoted ^= c == b'"';
            !quoted && c.is_ascii_whitespace()
        })
        .unwrap_or(line.len());

    line.split_at_checked(end)
}

/// The text of a word that can be in quotes.
fn unquoted(word: &[u8]) -> Option<&[u8]> {
    match word.strip_prefix(b"\"") {
        Some(rest) => rest.strip_suffix(b"\"").filter(|it| !it.contains(&b'"')),
        None => (!word.contains(&b'"')).then_some(word),
    }
}

impl<'a> Request<'a> {
    /// The device of a word: its bus and its name.
    fn device(word: &'a [u8]) -> Result<(&'a [u8], &'a [u8]), &'static str> {
        let at = word
            .iter()
            .position(|&c| c == b'/')
            .ok_or("BUS/DEVICE expected")?;

        match word.split_at_checked(at) {
            Some((bus, [b'/', name @ ..])) if !bus.is_empty() && !name.is_empty() => {
                Ok((bus, name))
            }
            _ => Err("BUS/DEVICE expected"),
        }
    }

    /// Takes a line.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(super) fn parse(line: &'a [u8]) -> Result<Self, &'static str> {
        let (verb, mut rest) = word(line).ok_or("a verb expected: bind or lend")?;
        let verb = match verb {
            b"bind" => Verb::Bind,
            b"lend" => Verb::Lend,
            _ => return Err("unknown verb: bind or lend expected"),
        };
        let mut wait = false;

        loop {
            let (option, after) = word(rest).ok_or("driver= expected")?;

            rest = after;
            if let Some(driver) = option.strip_prefix(b"driver=") {
                let driver = unquoted(driver).ok_or("driver=: a quote is not closed")?;
                let this = Self {
                    verb,
                    wait,
                    destination: match driver {
                        b"" => return Err("driver=: a name, none or standard expected"),
                        b"standard" => Destination::Standard,
                        name => Destination::Driver(name),
                    },
                    rest,
                };

                if this.devices().next().is_none() {
                    return Err("a device expected");
                }
                for device in this.devices() {
                    device?;
                }
                return Ok(this);
            }
            match option {
                b"wait" => wait = true,
                _ => return Err("unknown option: wait expected, or driver="),
            }
        }
    }

    /// The devices, each by its bus and its name.
    pub(super) fn devices(
        &self,
    ) -> impl Iterator<Item = Result<(&'a [u8], &'a [u8]), &'static str>> {
        let mut rest = self.rest;

        core::iter::from_fn(move || {
            let (device, after) = word(rest)?;

            rest = after;
            Some(Self::device(device))
        })
    }
}

#[kunit_tests(overdrive_request)]
mod tests {
    use super::*;

    fn parse(line: &[u8]) -> Result<Request<'_>, &'static str> {
        Request::parse(line)
    }

    #[test]
    fn a_line_names_a_verb_a_driver_and_devices() {
        let request = parse(b"bind driver=vfio-pci pci/0000:00:04.0 platform/a0\n");

        assert!(request.is_ok());
        if let Ok(request) = request {
            let mut devices = request.devices();

            assert_eq!(request.verb, Verb::Bind);
            assert!(!request.wait);
            assert_eq!(request.destination, Destination::Driver(b"vfio-pci"));
            assert_eq!(
                devices.next(),
                Some(Ok((&b"pci"[..], &b"0000:00:04.0"[..])))
            );
            assert_eq!(devices.next(), Some(Ok((&b"platform"[..], &b"a0"[..]))));
            assert_eq!(devices.next(), None);
        }
    }

    #[test]
    fn an_option_stands_before_the_driver() {
        assert!(parse(b"lend wait driver=none pci/a").is_ok_and(|it| it.wait));
        assert!(parse(b"lend driver=none wait pci/a").is_err());
        assert!(parse(b"lend force driver=none pci/a").is_err());
    }

    #[test]
    fn a_name_with_blanks_is_quoted() {
        let request = parse(b"bind driver=\"my driver\" pci/a");

        assert!(request.is_ok_and(|it| it.destination == Destination::Driver(b"my driver")));
        assert!(parse(b"bind driver=\"my driver pci/a").is_err());
        assert!(parse(b"bind driver=my\"driver pci/a").is_err());
    }

    #[test]
    fn standard_is_no_driver_of_that_name() {
        let request = parse(b"bind driver=standard pci/a");

        assert!(request.is_ok_and(|it| it.destination == Destination::Standard));
    }

    #[test]
    fn half_a_line_is_refused() {
        assert!(parse(b"").is_err());
        assert!(parse(b"\n").is_err());
        assert!(parse(b"bind").is_err());
        assert!(parse(b"bind pci/a").is_err());
        assert!(parse(b"bind driver= pci/a").is_err());
        assert!(parse(b"bind driver=x").is_err());
        assert!(parse(b"bind driver=x pci").is_err());
        assert!(parse(b"bind driver=x /a").is_err());
        assert!(parse(b"bind driver=x pci/").is_err());
        assert!(parse(b"move driver=x pci/a").is_err());
    }
}
