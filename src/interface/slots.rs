// SPDX-License-Identifier: GPL-2.0

//! `/sys/bus/{pci,platform}/drivers/META/{slots,new_slot,remove_slot}`: what xen-pciback has.
//!
//! See `Documentation/ABI/testing/sysfs-driver-overdrive`.

use crate::{
    abstractions::driver_attr::{
        Attribute,
        BusType,
        DriverFile, //
    },
    driver_name::DriverName,
    policy::{
        rules::slot::{
            Slot,
            SlotBus, //
        },
        slots::Slots, //
    },
};
use core::marker::PhantomData;
use kernel::{
    page::PAGE_SIZE,
    prelude::*, //
};

/// A bus with a meta driver.
pub(crate) trait Bus: Send + Sync + 'static {
    const SLOTS: SlotBus;
    const TYPE: BusType;
}

/// The PCI bus.
pub(crate) struct Pci;

impl Bus for Pci {
    const SLOTS: SlotBus = SlotBus::Pci;
    const TYPE: BusType = BusType::Pci;
}

/// The platform bus.
pub(crate) struct Platform;

impl Bus for Platform {
    const SLOTS: SlotBus = SlotBus::Platform;
    const TYPE: BusType = BusType::Platform;
}

fn parse<B: Bus>(file: &CStr, line: &[u8]) -> Result<Slot> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);

    Slot::parse(B::SLOTS, line).map_err(|bad| {
        pr_err!("{}: at {}: {}\n", file, bad.at, bad.reason);
        EINVAL
    })
}

/// `slots`
struct List<B>(PhantomData<B>);

impl<B: Bus> Attribute for List<B> {
    const NAME: &'static CStr = c"slots";
    const MODE: u16 = 0o400;

    fn show(page: &mut [u8; PAGE_SIZE]) -> Result<usize> {
        let mut lines = KVec::<u8>::new();

        Slots::published()?.for_each(B::SLOTS, |slot| {
            lines.extend_from_slice(slot, GFP_KERNEL)?;
            lines.push(b'\n', GFP_KERNEL)?;
            Ok(())
        })?;
        page.get_mut(..lines.len())
            .ok_or(EMSGSIZE)?
            .copy_from_slice(&lines);
        Ok(lines.len())
    }
}

/// `new_slot`
struct New<B>(PhantomData<B>);

impl<B: Bus> Attribute for New<B> {
    const NAME: &'static CStr = c"new_slot";
    const MODE: u16 = 0o200;

    fn store(line: &[u8]) -> Result {
        Slots::published()?.add(parse::<B>(Self::NAME, line)?)
    }
}

/// `remove_slot`
struct Remove<B>(PhantomData<B>);

impl<B: Bus> Attribute for Remove<B> {
    const NAME: &'static CStr = c"remove_slot";
    const MODE: u16 = 0o200;

    fn store(line: &[u8]) -> Result {
        Slots::published()?.remove(&parse::<B>(Self::NAME, line)?)
    }
}

/// The files of one meta driver.
#[pin_data]
pub(crate) struct Files<B: Bus> {
    #[pin]
    list: DriverFile<List<B>>,
    #[pin]
    new: DriverFile<New<B>>,
    #[pin]
    remove: DriverFile<Remove<B>>,
}

impl<B: Bus> Files<B> {
    /// Adds the files to the meta driver, which must be registered.
    pub(crate) fn new<'a>(
        driver: &'a DriverName,
        module: &'static ThisModule,
    ) -> impl PinInit<Self, Error> + use<'a, B> {
        pin_init::pin_init_scope(move || {
            let name = || driver.try_clone().map(DriverName::into_c_string);
            let (list, new, remove) = (name()?, name()?, name()?);

            Ok(try_pin_init!(Self {
                list <- DriverFile::new(B::TYPE, list, module),
                new <- DriverFile::new(B::TYPE, new, module),
                remove <- DriverFile::new(B::TYPE, remove, module),
            }))
        })
    }
}
