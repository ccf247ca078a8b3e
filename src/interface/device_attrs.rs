// SPDX-License-Identifier: GPL-2.0

//! `/sys/bus/B/devices/D/overdrive/`: the files of every device of a managed bus.
//!
//! See `Documentation/ABI/testing/sysfs-bus-overdrive`.

use crate::{
    abstractions::device_attr::{
        emit,
        Attribute,
        AttributeList,
        DeviceAttribute,
        Group, //
    },
    binding::{
        rebind::Target,
        Engine, //
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
        let engine = Engine::get()?;

        engine.rebind(&engine.managed(dev)?, &target(dev, text)?)
    }
}

struct RebindGroup;

impl Attribute for RebindGroup {
    const NAME: &'static CStr = c"rebind_group";
    const MODE: u16 = 0o200;

    fn store(dev: &Device, text: &[u8]) -> Result {
        let engine = Engine::get()?;

        engine.rebind_group(&engine.managed(dev)?, &target(dev, text)?)
    }
}

struct Status;

impl Attribute for Status {
    const NAME: &'static CStr = c"status";
    const MODE: u16 = 0o400;

    fn show(dev: &Device, page: &mut [u8; PAGE_SIZE]) -> Result<usize> {
        let managed = Engine::get()?.managed(dev)?;

        emit(page, fmt!("{}\n", managed.status()))
    }
}

fn target(dev: &Device, text: &[u8]) -> Result<Target> {
    Target::try_from(text).inspect_err(|_| dev_err!(dev, "what was written is no driver's name\n"))
}

static REBIND: DeviceAttribute<Rebind> = DeviceAttribute::new();
static REBIND_GROUP: DeviceAttribute<RebindGroup> = DeviceAttribute::new();
static STATUS: DeviceAttribute<Status> = DeviceAttribute::new();

static ATTRIBUTES: AttributeList<4> = AttributeList::new([
    REBIND.as_ptr(),
    REBIND_GROUP.as_ptr(),
    STATUS.as_ptr(),
    core::ptr::null_mut(),
]);

/// The directory.
pub(crate) static GROUP: Group = Group::new(c"overdrive", &ATTRIBUTES);
