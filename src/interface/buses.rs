// SPDX-License-Identifier: GPL-2.0

//! `/sys/kernel/config/overdrive-buses/B/`: the buses that are extended.
//!
//! See `Documentation/ABI/testing/configfs-overdrive-buses`.

use super::device_attrs;
#[allow(unused_imports, reason = "the macros of some series take it from here")]
use crate::abstractions::compat::THIS_MODULE;
use crate::{
    abstractions::device_attr::emit,
    bus::extended::{
        Buses,
        ExtendError,
        Scope, //
    },
    policy::{
        extend::{
            self,
            Extension, //
        },
        Policy, //
    },
};
use kernel::{
    configfs::{
        self,
        configfs_attrs, //
    },
    page::PAGE_SIZE,
    prelude::*,
    str::CString, //
};

fn logged(bus: &[u8], error: ExtendError) -> Error {
    extend::log_error(bus, error);
    error.into()
}

/// The directory of all extended buses.
// On 7.2, `configfs` reads data of a root directory at a wrong address. This has none.
pub(crate) struct Directory {}

impl Directory {
    /// Registers the directory.
    pub(crate) fn register() -> impl PinInit<configfs::Subsystem<Self>, Error> {
        let item_type = configfs_attrs! {
            container: configfs::Subsystem<Directory>,
            data: Directory,
            child: ExtendedBus,
            attributes: [],
        };

        configfs::Subsystem::new(c"overdrive-buses", item_type, try_init!(Self {}))
    }
}

#[vtable]
impl configfs::GroupOperations for Directory {
    type Child = ExtendedBus;

    fn make_group(&self, name: &CStr) -> Result<impl PinInit<configfs::Group<ExtendedBus>, Error>> {
        let item_type = configfs_attrs! {
            container: configfs::Group<ExtendedBus>,
            data: ExtendedBus,
            attributes: [
                scope: 0,
            ],
        };
        let copy = CString::try_from_fmt(fmt!("{name}"))?;
        let name = CString::try_from_fmt(fmt!("{name}"))?;
        let extension = Extension::new(
            &Policy::published()?,
            &Buses::published()?,
            name.to_bytes(),
            Scope::Restrict,
            &device_attrs::EXTENDED,
        )
        .map_err(|error| logged(name.to_bytes(), error))?;

        extension.bind_pending();
        Ok(configfs::Group::new(
            copy,
            item_type,
            try_init!(ExtendedBus { name, extension }? Error),
        ))
    }
}

/// An extended bus. It is dropped before the removal of its directory returns.
pub(crate) struct ExtendedBus {
    name: CString,
    extension: Extension,
}

/// `scope`
#[vtable]
impl configfs::AttributeOperations<0> for ExtendedBus {
    type Data = ExtendedBus;

    fn show(bus: &ExtendedBus, page: &mut [u8; PAGE_SIZE]) -> Result<usize> {
        emit(page, fmt!("{}\n", bus.extension.scope().as_str()))
    }

    fn store(bus: &ExtendedBus, page: &[u8]) -> Result {
        let name = page.strip_suffix(b"\n").unwrap_or(page);
        let scope = Scope::try_from(name)
            .inspect_err(|_| pr_err!("bus {}: scope: restrict or force expected\n", &*bus.name))?;

        bus.extension
            .set_scope(scope)
            .map_err(|error| logged(bus.name.to_bytes(), error))
    }
}
