// SPDX-License-Identifier: GPL-2.0

//! A late reference to a VFIO device.
//!
//! The kernel drops the last reference to a character device a moment after the device's file was
//! closed, so that whatever the driver does upon it may come after the driver's module has gone. Here
//! the moment is as long as wanted: `BUS/DEVICE` written to `/sys/kernel/debug/overdrive_refs/child`
//! takes a reference to the first child of a PCI or platform device, and `-` gives it back.

use core::ptr::NonNull;
use kernel::{
    bindings,
    debugfs,
    new_mutex,
    prelude::*,
    str::CString,
    sync::Mutex,
    uaccess::UserSliceReader, //
};

module! {
    type: References,
    name: "overdrive_refs",
    authors: ["The overdrive authors"],
    description: "A late reference to a VFIO device",
    license: "GPL",
}

/// A reference to a device.
struct Reference(NonNull<bindings::device>);

// SAFETY: A reference can be given back by any thread.
unsafe impl Send for Reference {}

impl Reference {
    /// Takes a reference to the first child of the device that `name` says.
    fn to_child_of(name: &str) -> Result<Self> {
        let (bus, name) = name.split_once('/').ok_or(EINVAL)?;
        let bus = match bus {
            "pci" => &raw const bindings::pci_bus_type,
            "platform" => &raw const bindings::platform_bus_type,
            _ => return Err(EINVAL),
        };
        let name = CString::try_from_fmt(fmt!("{name}"))?;

        // SAFETY: The bus and the name are valid; the reference to the parent is given back.
        let child = unsafe {
            let parent = bindings::bus_find_device(
                bus,
                core::ptr::null_mut(),
                name.as_char_ptr().cast(),
                Some(bindings::device_match_name),
            );
            if parent.is_null() {
                return Err(ENODEV);
            }
            let child = bindings::device_find_child(
                parent,
                core::ptr::null(),
                Some(bindings::device_match_any),
            );
            bindings::put_device(parent);
            child
        };

        NonNull::new(child).map(Self).ok_or(ENOENT)
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        // SAFETY: The reference is this object's.
        unsafe { bindings::put_device(self.0.as_ptr()) };
    }
}

/// The file.
#[pin_data]
struct Child {
    #[pin]
    reference: Mutex<Option<Reference>>,
}

impl Child {
    fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            reference <- new_mutex!(None),
        })
    }
}

impl debugfs::Reader for Child {
    fn read_from_slice(&self, reader: &mut UserSliceReader) -> Result {
        let mut buf = [0; 128];
        let len = reader.len().min(buf.len());

        reader.read_slice(&mut buf[..len])?;
        let text = core::str::from_utf8(&buf[..len]).map_err(|_| EINVAL)?.trim();
        *self.reference.lock() = match text {
            "-" => None,
            name => Some(Reference::to_child_of(name)?),
        };
        Ok(())
    }
}

/// The loaded module.
#[pin_data]
struct References {
    #[pin]
    child: debugfs::File<Child>,
    dir: debugfs::Dir,
}

impl kernel::InPlaceModule for References {
    fn init(_module: &'static ThisModule) -> impl PinInit<Self, Error> {
        pin_init::pin_init_scope(move || {
            let dir = debugfs::Dir::new(c"overdrive_refs");
            let files = dir.clone();

            Ok(try_pin_init!(Self {
                dir,
                child <- files.write_only_file(c"child", Child::new()),
            }))
        })
    }
}
