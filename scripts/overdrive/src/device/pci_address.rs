// SPDX-License-Identifier: GPL-2.0

//! PCI addresses in the spellings that people and programs use.

/// The address of a PCI function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PciAddress {
    /// 0 on most machines; more than four digits behind Intel's VMD.
    pub domain: u32,
    /// 0 to 0xff.
    pub bus: u8,
    /// 0 to 0x1f.
    pub device: u8,
    /// 0 to 7.
    pub function: u8,
}

impl PciAddress {
    /// Reads `[DDDD:]BB:DD.F` with any number of digits in either case, and libvirt's `pci_DDDD_BB_DD_F`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(rest) = text.strip_prefix("pci_") {
            let parts: Vec<&str> = rest.split('_').collect();
            return match parts[..] {
                [domain, bus, device, function] => Self::of(domain, bus, device, function),
                _ => None,
            };
        }
        let (rest, function) = text.rsplit_once('.')?;
        let (rest, device) = rest.rsplit_once(':')?;
        match rest.rsplit_once(':') {
            Some((domain, bus)) => Self::of(domain, bus, device, function),
            None => Self::of("0", rest, device, function),
        }
    }

    fn of(domain: &str, bus: &str, device: &str, function: &str) -> Option<Self> {
        let number = |text: &str, max: u32| {
            let digits = !text.is_empty() && text.bytes().all(|c| c.is_ascii_hexdigit());
            u32::from_str_radix(text, 16)
                .ok()
                .filter(|&number| digits && number <= max)
        };
        Some(Self {
            domain: number(domain, u32::MAX)?,
            bus: u8::try_from(number(bus, 0xff)?).ok()?,
            device: u8::try_from(number(device, 0x1f)?).ok()?,
            function: u8::try_from(number(function, 7)?).ok()?,
        })
    }
}

impl std::fmt::Display for PciAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            domain,
            bus,
            device,
            function,
        } = self;
        write!(f, "{domain:04x}:{bus:02x}:{device:02x}.{function:x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_address_becomes_the_kernels() {
        let is = |text, canonical: Option<&str>| {
            assert_eq!(
                PciAddress::parse(text)
                    .map(|address| address.to_string())
                    .as_deref(),
                canonical,
                "{text}"
            );
        };
        is("0000:00:1F.3", Some("0000:00:1f.3"));
        is("00:1f.3", Some("0000:00:1f.3"));
        is("3:0.0", Some("0000:03:00.0"));
        is("10000:E1:00.0", Some("10000:e1:00.0"));
        is("pci_0000_03_00_1", Some("0000:03:00.1"));
        is("1-2:1.0", None);
        is("00:20.0", None);
        is("00:1f.8", None);
        is("00:1f.+1", None);
        is("1234:11e8", None);
        is("eth0", None);
    }
}
