// SPDX-License-Identifier: GPL-2.0

//! Module parameters.
//!
//! | parameter          | type   | default         | meaning                                      |
//! |--------------------|--------|-----------------|----------------------------------------------|
//! | `pci_driver=`      | string | `vfio-meta`     | name of the PCI meta driver                  |
//! | `platform_driver=` | string | `vfio-platform` | name of the platform meta driver             |
//! | `amba_driver=`     | string | `vfio-amba`     | name of the AMBA meta driver                 |
//! | `reset_required=`  | bool   | `Y`             | refuse platform devices that can't be reset  |
//! | `rules=`           | string | empty           | rules that hold from load, see [`param`]     |
//! | `slots=`           | string | empty           | slots that hold from load, see [`slot`]      |
//! | `buses=`           | string | empty           | buses that are extended from load to unload  |
//!
//! `amba_driver=` is there if the kernel has that bus.
//!
//! All are readable in `/sys/module/overdrive/parameters/` and fixed from load to unload. A value
//! that is no driver name (see [`DriverName`]) makes loading fail with `EINVAL`. A rule, a slot or a bus
//! that is none costs that entry: the kernel log names the first bad character, and the others hold.
//!
//! `rules=`, `slots=` and `buses=` add up when they are given more than once. Each can have as many
//! bytes as fit in a page when it is read; the others 1024.

use super::buses_param;
pub(crate) use super::buses_param::BusSpec;
use crate::{
    abstractions::module_param::{
        self,
        StringParam, //
    },
    driver_name::DriverName,
    policy::rules::{
        param,
        slot::{
            self,
            Slot, //
        },
        ParseError,
        Spec, //
    },
};
use kernel::{
    prelude::*,
    str::BStr, //
};

/// The parameters, after they became types.
pub(crate) struct Params {
    pub(crate) pci_driver: DriverName,
    pub(crate) platform_driver: DriverName,
    pub(crate) amba_driver: Option<DriverName>,
    pub(crate) rules: KVec<Spec>,
    pub(crate) slots: KVec<Slot>,
    pub(crate) buses: KVec<BusSpec>,
    pub(crate) reset_required: bool,
}

impl Params {
    /// Reads all parameters.
    ///
    /// # Errors
    ///
    /// `EINVAL` if a driver's name is none, which the kernel log says; `ENOMEM`.
    pub(crate) fn read() -> Result<Self> {
        Ok(Self {
            pci_driver: driver_name(&module_param::PCI_DRIVER)?,
            platform_driver: driver_name(&module_param::PLATFORM_DRIVER)?,
            amba_driver: module_param::AMBA_DRIVER.map(driver_name).transpose()?,
            rules: good(&module_param::RULES, |text, f| param::parse(text, f))?,
            slots: good(&module_param::SLOTS, |text, f| slot::parse_param(text, f))?,
            buses: good(&module_param::BUSES, |text, f| buses_param::parse(text, f))?,
            reset_required: module_param::RESET_REQUIRED.value(),
        })
    }
}

fn driver_name(param: &StringParam) -> Result<DriverName> {
    let text = param.value();

    DriverName::try_from(text.to_bytes()).inspect_err(|err| {
        if *err == EINVAL {
            pr_err!("{}=\"{}\" is no driver name\n", param.name(), text);
        }
    })
}

/// Takes an entry of a parameter, or the reason why it is none.
type TakeEntry<'a, T> = &'a mut dyn FnMut(Result<T, ParseError>) -> Result;

/// Returns the entries of a parameter that are good, and says in the log which are not.
///
/// # Errors
///
/// `ENOMEM`.
fn good<T>(
    param: &StringParam,
    parse: fn(&'static [u8], TakeEntry<'_, T>) -> Result,
) -> Result<KVec<T>> {
    let value = param.value().to_bytes();
    let mut entries = KVec::new();

    parse(value, &mut |entry| match entry {
        Ok(entry) => Ok(entries.push(entry, GFP_KERNEL)?),
        Err(bad) if bad.reason == ParseError::NO_MEMORY => Err(ENOMEM),
        Err(bad) => {
            let rest = value.get(bad.at..).unwrap_or_default();

            // Enough to find the place.
            let rest = rest.get(..rest.len().min(32)).unwrap_or_default();
            pr_err!(
                "{}= at {} (\"{}\"): {}: this entry is left out\n",
                param.name(),
                bad.at,
                BStr::from_bytes(rest),
                bad.reason
            );
            Ok(())
        }
    })?;
    Ok(entries)
}
