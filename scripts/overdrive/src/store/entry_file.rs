// SPDX-License-Identifier: GPL-2.0

//! The files of the folder, as people, editors and package managers leave them there.

use std::{
    ffi::OsString,
    fs::{self, OpenOptions},
    io::{ErrorKind, Read},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use rustix::fs::OFlags;

use crate::failure::reason;

/// The bytes with which some editors begin a file.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Returns the names in a folder in the order of their bytes; none if it is not there.
///
/// # Errors
///
/// The reason why there is something that can't be read.
pub(super) fn names(folder: &Path) -> Result<Vec<OsString>, String> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return match folder.is_symlink() {
                true => Err("it is a link to what is not there".to_owned()),
                false => Ok(Vec::new()),
            };
        }
        Err(error) => return Err(reason(&error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry.map_err(|error| reason(&error))?.file_name());
    }
    names.sort_unstable();
    Ok(names)
}

/// Returns the text of a file.
///
/// # Errors
///
/// The reason. Nothing but a regular file is opened: reading a pipe may never end, and some devices notice it.
pub(super) fn text(path: &Path) -> Result<String, String> {
    /// In bytes; much more than any list of devices needs.
    const LONGEST: u64 = 1 << 20;

    let meta = fs::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => "it is a link to what is not there".to_owned(),
        _ => reason(&error),
    })?;
    if meta.is_dir() {
        return Err("it is a folder, and has no effect".to_owned());
    }
    if !meta.is_file() {
        return Err("it is no regular file, and has no effect".to_owned());
    }
    let mut bytes = Vec::new();
    OpenOptions::new()
        .read(true)
        .custom_flags(i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or(0))
        .open(path)
        .and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes))
        .map_err(|error| reason(&error))?;
    if bytes.len() as u64 > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    let text = String::from_utf8_lossy(&bytes);
    Ok(text
        .strip_prefix(BYTE_ORDER_MARK)
        .unwrap_or(&text)
        .to_owned())
}
