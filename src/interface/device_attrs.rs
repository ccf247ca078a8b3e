// SPDX-License-Identifier: GPL-2.0

//! `/sys/bus/B/devices/D/overdrive/`: the files of every device of a tracked bus, and the
//! `driver_override` of those on an extended one.
//!
//! See `Documentation/ABI/testing/sysfs-bus-overdrive`.

use super::identity::Identity;
use crate::{
    abstractions::{
        device_attr::{
            emit,
            Attribute,
            AttributeList,
            DeviceAttribute,
            Group, //
        },
        driver_override::{
            self,
            Override, //
        },
    },
    device::{
        list::Devices,
        status::StatusLine, //
    },
    transaction::{
        target::Target,
        Transactions, //
    },
};
use kernel::{
    device::Device,
    page::PAGE_SIZE,
    prelude::*, //
};

struct Rebind;

impl Attribute for Rebind {
    const NAME: &'static CStr = c"rebind";
    const MODE: u16 = 0o200;

    fn store(dev: &Device, text: &[u8]) -> Result {
        let tracked = Devices::published()?.get(dev)?;

        Transactions::published()?.rebind(&tracked, target(dev, text)?)
    }
}

struct RebindGroup;

impl Attribute for RebindGroup {
    const NAME: &'static CStr = c"rebind_group";
    const MODE: u16 = 0o200;

    fn store(dev: &Device, text: &[u8]) -> Result {
        let tracked = Devices::published()?.get(dev)?;

        Transactions::published()?.rebind_group(&tracked, target(dev, text)?)
    }
}

struct Status;

impl Attribute for Status {
    const NAME: &'static CStr = c"status";
    const MODE: u16 = 0o400;

    fn show(dev: &Device, page: &mut [u8; PAGE_SIZE]) -> Result<usize> {
        let tracked = Devices::published()?.get(dev)?;

        emit(page, fmt!("{}\n", StatusLine(&tracked)))
    }
}

/// `driver_override`, for buses that don't have it.
///
/// What can be written, and what is read, is what it is on buses that do.
struct DriverOverride;

impl Attribute for DriverOverride {
    const NAME: &'static CStr = c"driver_override";
    const MODE: u16 = 0o644;

    fn show(dev: &Device, page: &mut [u8; PAGE_SIZE]) -> Result<usize> {
        driver_override::with(dev, |name| {
            let name = name.unwrap_or(b"(null)");
            let line = page.get_mut(..=name.len()).ok_or(EMSGSIZE)?;

            if let Some((end, text)) = line.split_last_mut() {
                text.copy_from_slice(name);
                *end = b'\n';
            }
            Ok(line.len())
        })
    }

    fn store(dev: &Device, text: &[u8]) -> Result {
        if text.len() >= PAGE_SIZE - 1 {
            return Err(EINVAL);
        }
        let name = text
            .split(|&c| c == 0 || c == b'\n')
            .next()
            .filter(|name| !name.is_empty());
        let old = driver_override::replace(dev, name.map(Override::new).transpose()?);

        drop(old);
        Ok(())
    }
}

fn target(dev: &Device, text: &[u8]) -> Result<Target> {
    Target::try_from(text).inspect_err(|err| {
        if *err == EINVAL {
            dev_err!(dev, "what was written is no driver's name\n");
        }
    })
}

static REBIND: DeviceAttribute<Rebind> = DeviceAttribute::new();
static REBIND_GROUP: DeviceAttribute<RebindGroup> = DeviceAttribute::new();
static STATUS: DeviceAttribute<Status> = DeviceAttribute::new();
static IDENTITY: DeviceAttribute<Identity> = DeviceAttribute::new();

static ATTRIBUTES: AttributeList<5> = AttributeList::new([
    REBIND.as_ptr(),
    REBIND_GROUP.as_ptr(),
    STATUS.as_ptr(),
    IDENTITY.as_ptr(),
    core::ptr::null_mut(),
]);

/// The directory.
static GROUP: Group = Group::new(c"overdrive", &ATTRIBUTES);

static DRIVER_OVERRIDE: DeviceAttribute<DriverOverride> = DeviceAttribute::new();

static OVERRIDE_ATTRIBUTES: AttributeList<2> =
    AttributeList::new([DRIVER_OVERRIDE.as_ptr(), core::ptr::null_mut()]);

static OVERRIDE: Group = Group::without_directory(&OVERRIDE_ATTRIBUTES);

/// The files of a device on a bus that honours overrides.
pub(crate) static NATIVE: [&Group; 1] = [&GROUP];

/// The files of a device on an extended bus.
pub(crate) static EXTENDED: [&Group; 2] = [&OVERRIDE, &GROUP];
