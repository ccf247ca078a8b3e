// SPDX-License-Identifier: GPL-2.0

//! Files that are replaced as a whole: whoever reads one, and whatever is left after a loss of power, is the old text or
//! the new one.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

/// Writes a file in a folder, which is made if need be.
pub fn write(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let temporary = folder.join(format!(".{name}.new"));
    let result = fill(&temporary, text).and_then(|()| fs::rename(&temporary, folder.join(name)));
    if result.is_err() {
        // It may not even be there.
        let _ = fs::remove_file(&temporary);
    }
    result?;
    sync(folder)
}

/// Removes a file from a folder.
pub fn remove(folder: &Path, name: &str) -> io::Result<()> {
    fs::remove_file(folder.join(name))?;
    sync(folder)
}

fn fill(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
