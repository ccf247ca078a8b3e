// SPDX-License-Identifier: GPL-2.0

//! The source of an override: the rule that set it.

use crate::{
    abstractions::driver_override::{
        self,
        Token, //
    },
    rule_id::{
        Origin,
        RuleId, //
    },
};
use kernel::{
    device::Device,
    fmt,
    prelude::*,
    str::{
        BStr,
        CString, //
    }, //
};

/// The rule that set the override of a device, and to what.
pub(crate) struct OverrideSource {
    pub(crate) rule: RuleId,
    pub(crate) origin: Origin,
    /// The name of the rule.
    pub(crate) name: KVec<u8>,
    /// The override that the rule set.
    pub(crate) driver: KVec<u8>,
    /// The token by which the override is recognised.
    pub(crate) token: Token,
    /// `true` once a uevent told what became of the override, for good.
    pub(crate) reported: bool,
    /// `true` once a uevent told that the driver can't take the device yet.
    pub(crate) deferral_reported: bool,
}

impl OverrideSource {
    /// Returns `true` if the override of `dev` is the one that the rule set.
    pub(crate) fn is_current(&self, dev: &Device) -> bool {
        driver_override::token(dev) == self.token
    }

    /// Makes another one, of which nothing was told yet.
    pub(crate) fn try_clone(&self) -> Result<Self> {
        let (mut name, mut driver) = (KVec::new(), KVec::new());

        name.extend_from_slice(&self.name, GFP_KERNEL)?;
        driver.extend_from_slice(&self.driver, GFP_KERNEL)?;
        Ok(Self {
            rule: self.rule,
            origin: self.origin,
            name,
            driver,
            token: self.token,
            reported: false,
            deferral_reported: false,
        })
    }

    /// Returns the variables that name the rule and the driver in a uevent.
    pub(crate) fn variables(&self) -> Result<[CString; 2]> {
        Ok([
            CString::try_from_fmt(fmt!("OVERDRIVE_BY={self}"))?,
            CString::try_from_fmt(fmt!("OVERDRIVE_DRIVER={}", BStr::from_bytes(&self.driver)))?,
        ])
    }
}

impl fmt::Display for OverrideSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.origin {
            Origin::Rule => f.write_fmt(fmt!("rule:{}", BStr::from_bytes(&self.name))),
            Origin::Slot => f.write_str("slot"),
        }
    }
}
