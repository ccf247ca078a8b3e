// SPDX-License-Identifier: GPL-2.0

//! The identity of a device: what tells it from all others, and what says where it is.
//!
//! What tells bridges and virtual functions is looked up when the device is tracked. All else is found
//! out when somebody asks, which for most devices nobody does; what has to be read from the device, once.

use super::relatives::Relatives;
use crate::abstractions::{
    device,
    identity::{
        self,
        PciAddress, //
    },
};
use kernel::{
    device::Device,
    fmt,
    prelude::*,
    str::{
        BStr,
        CString, //
    },
    sync::SetOnce, //
};

/// The kind of a text, by its first byte.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    Path = b'p',
    Parent = b'u',
    Ancestor = b'a',
    /// A path of an ancestor that is neither its address nor from the root.
    AncestorBetween = b'b',
    Firmware = b'f',
    Serial = b's',
}

impl Kind {
    /// The field of a rule that compares such texts.
    fn key(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Parent => "parent",
            Self::Ancestor | Self::AncestorBetween => "below",
            Self::Firmware => "firmware",
            Self::Serial => "serial",
        }
    }
}

/// The part of a device's identity that is kept.
pub(crate) struct Identity {
    /// The serial number that was read, if it was.
    pci_serial: SetOnce<Option<u64>>,
    /// The index of a virtual function.
    pub(crate) vf: Option<u16>,
    /// `true` for PCI bridges, host bridges and USB hubs.
    pub(crate) is_bridge: bool,
}

impl Identity {
    /// Looks up the identity of `dev`, which is not being removed.
    pub(super) fn of(dev: &Device) -> Self {
        Self {
            pci_serial: SetOnce::new(),
            vf: identity::vf_index(dev),
            is_bridge: identity::leads_to_devices(dev),
        }
    }

    /// The PCIe Device Serial Number of `dev`, whose identity this is.
    fn pci_serial(&self, dev: &Device) -> Option<u64> {
        self.pci_serial.copy().or_else(|| {
            let known = identity::pci_serial(dev)?;

            // Somebody else can have read it at the same time.
            self.pci_serial.populate(known);
            Some(known)
        })?
    }
}

/// The texts that rules can name a device by.
///
/// # Invariants
///
/// `texts` is a sequence of: a [`Kind`], a text without NUL, a NUL. Paths are in the canonical form of
/// rules.
#[derive(Default)]
pub(crate) struct Names {
    texts: KVec<u8>,
}

impl Names {
    /// Writes down the names of `dev`; its serial number only if that is asked for, as it can have to be
    /// read from the device.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn of(
        dev: &Device,
        relatives: &Relatives,
        identity: &Identity,
        with_serial: bool,
    ) -> Result<Self> {
        let mut this = Self::default();
        let (parent, pf) = (relatives.ancestors().first(), relatives.physical_function());

        this.push_paths(Kind::Path, Kind::Path, dev)?;
        for parent in Iterator::chain(parent.map(|it| &**it).into_iter(), pf) {
            this.push_place(Kind::Parent, Kind::Parent, parent)?;
        }
        // What a physical function is below, its virtual functions are as well: their parent is the
        // same.
        if let Some(pf) = pf {
            this.push_place(Kind::Ancestor, Kind::AncestorBetween, pf)?;
        }
        for ancestor in relatives.ancestors() {
            this.push_place(Kind::Ancestor, Kind::AncestorBetween, ancestor)?;
        }

        identity::with_firmware_path(dev, |path| this.push(Kind::Firmware, path))??;
        if !with_serial {
            return Ok(this);
        }
        match identity.pci_serial(dev) {
            Some(number) => {
                let [a, b, c, d, e, f, g, h] = number.to_be_bytes();
                let number = CString::try_from_fmt(fmt!(
                    "{a:02x}-{b:02x}-{c:02x}-{d:02x}-{e:02x}-{f:02x}-{g:02x}-{h:02x}"
                ))?;

                this.push(Kind::Serial, number.to_bytes())?;
            }
            None => identity::with_usb_serial(dev, |number| this.push(Kind::Serial, number))?,
        }
        Ok(this)
    }

    fn push(&mut self, kind: Kind, text: &[u8]) -> Result {
        if !text.is_empty() {
            self.texts.push(kind as u8, GFP_KERNEL)?;
            self.texts.extend_from_slice(text, GFP_KERNEL)?;
            self.texts.push(0, GFP_KERNEL)?;
        }
        Ok(())
    }

    /// Adds the name of `dev`, and its paths, of which one can be the name.
    fn push_place(&mut self, ends: Kind, between: Kind, dev: &Device) -> Result {
        if PciAddress::of(dev).is_none() {
            self.push(ends, dev.name().to_bytes())?;
        }
        self.push_paths(ends, between, dev)
    }

    /// Adds the paths of `dev`: the shortest first and the longest last, which are of the kind `ends`.
    fn push_paths(&mut self, ends: Kind, between: Kind, dev: &Device) -> Result {
        // From `dev` up, `/DD.F` of each; an address makes it a path.
        let mut tail = KVec::<u8>::new();
        let mut next = Some(dev);

        while let Some((dev, address)) = next.and_then(|dev| Some((dev, PciAddress::of(dev)?))) {
            let PciAddress {
                domain,
                bus,
                device,
                function,
            } = address;
            let head = CString::try_from_fmt(fmt!(
                "{domain:04x}:{bus:02x}:{device:02x}.{function}{}",
                BStr::from_bytes(&tail)
            ))?;
            let step =
                CString::try_from_fmt(fmt!("/{device:02x}.{function}{}", BStr::from_bytes(&tail)))?;

            next = device::parent(dev);
            let is_last = next.is_none_or(|dev| PciAddress::of(dev).is_none());
            let kind = if tail.is_empty() || is_last {
                ends
            } else {
                between
            };
            self.push(kind, head.to_bytes())?;
            tail.clear();
            tail.extend_from_slice(step.to_bytes(), GFP_KERNEL)?;
        }
        Ok(())
    }

    fn texts(&self, kind: Kind) -> impl Iterator<Item = &[u8]> {
        self.texts
            .split(|&c| c == 0)
            .filter_map(move |text| text.strip_prefix(&[kind as u8]))
    }

    /// Returns the PCI paths of the device, one from each bus above it; none of a virtual function.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &[u8]> {
        self.texts(Kind::Path)
    }

    /// Returns names and paths of the parent, and of the physical function of a virtual function.
    pub(crate) fn parents(&self) -> impl Iterator<Item = &[u8]> {
        self.texts(Kind::Parent)
    }

    /// Returns names and paths of all ancestors, and of the physical function.
    pub(crate) fn ancestors(&self) -> impl Iterator<Item = &[u8]> {
        Iterator::chain(
            self.texts(Kind::Ancestor),
            self.texts(Kind::AncestorBetween),
        )
    }

    /// Returns the path of the firmware node.
    pub(crate) fn firmware(&self) -> Option<&[u8]> {
        self.texts(Kind::Firmware).next()
    }

    /// Returns the serial number: of PCI in the canonical form of rules, of USB as the device claims it.
    pub(crate) fn serial(&self) -> Option<&[u8]> {
        self.texts(Kind::Serial).next()
    }
}

impl fmt::Display for Names {
    /// Writes lines of `KEY=VALUE`, where KEY is a field of a rule and VALUE what it must be for the
    /// device.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const KINDS: [Kind; 5] = [
            Kind::Path,
            Kind::Serial,
            Kind::Firmware,
            Kind::Parent,
            Kind::Ancestor,
        ];

        for kind in KINDS {
            for text in self.texts(kind) {
                f.write_fmt(fmt!("{}={}\n", kind.key(), BStr::from_bytes(text)))?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Identity {
    /// Writes the lines that [`Names`] does not have.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(vf) = self.vf {
            f.write_fmt(fmt!("vf={vf}\n"))?;
        }
        if self.is_bridge {
            f.write_str("# a bridge or hub: only an exact device, path or firmware takes it\n")?;
        }
        Ok(())
    }
}
