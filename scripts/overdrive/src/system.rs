// SPDX-License-Identifier: GPL-2.0

//! The machine's files, below a root folder.
//!
//! All paths are those of the machine, beginning with a slash; the root folder is put before them here and nowhere
//! else. A test, or somebody who looks at another machine's recorded sysfs, chooses it by `OVERDRIVE_ROOT`.

use std::{
    env, fs,
    io::{self, Write},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
};

use rustix::fs::{CWD, Mode, OFlags};

/// The machine's files.
#[derive(Debug)]
pub struct System {
    root: PathBuf,
}

impl System {
    /// Returns the machine that the environment names.
    pub fn from_env() -> Self {
        match env::var_os("OVERDRIVE_ROOT") {
            Some(root) if !root.is_empty() && root != "/" => Self::at(Path::new(&root)),
            _ => Self {
                root: PathBuf::new(),
            },
        }
    }

    /// Returns the machine that was recorded in `root`.
    pub fn at(root: &Path) -> Self {
        Self {
            root: fs::canonicalize(root).unwrap_or_else(|_| root.to_owned()),
        }
    }

    /// Returns `true` if this is the machine that the program runs on, so that the kernel can be asked by other means
    /// than files.
    pub fn is_live(&self) -> bool {
        self.root.as_os_str().is_empty()
    }

    /// Returns where the file `path` is for this process.
    pub fn at_root(&self, path: &str) -> PathBuf {
        let mut full = self.root.clone().into_os_string();
        full.push(path);
        full.into()
    }

    /// Returns `true` if there is a file `path`, links followed.
    pub fn exists(&self, path: &str) -> bool {
        self.at_root(path).exists()
    }

    /// Returns `true` if `path` is a folder, links followed.
    pub fn is_dir(&self, path: &str) -> bool {
        self.at_root(path).is_dir()
    }

    /// Returns the whole text of a file, or `None` if it can't be read.
    pub fn text(&self, path: &str) -> Option<String> {
        let bytes = fs::read(self.at_root(path)).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Returns the text of an attribute, which the kernel gives as a whole to one read, or `None` if it can't be read.
    ///
    /// Machines have thousands of devices: this takes three system calls, where [`Self::text`] takes six.
    pub fn attribute(&self, path: &str) -> Option<String> {
        attribute_at(CWD, &self.at_root(path))
    }

    /// Opens a folder of which several files are to be read: its path is walked once.
    pub fn folder(&self, path: &str) -> Option<Folder> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let file = rustix::fs::open(self.at_root(path), flags, Mode::empty()).ok()?;
        Some(Folder(file))
    }

    /// Returns the first line of an attribute, empty if it can't be read.
    pub fn line(&self, path: &str) -> String {
        let mut text = self.attribute(path).unwrap_or_default();
        text.truncate(text.find('\n').unwrap_or(text.len()));
        text
    }

    /// Returns the first line of an attribute, or `None` if the line is empty or can't be read.
    pub fn word(&self, path: &str) -> Option<String> {
        Some(self.line(path)).filter(|line| !line.is_empty())
    }

    /// Returns the number in an attribute, which is decimal, or hexadecimal with `0x`.
    pub fn number(&self, path: &str) -> Option<u64> {
        let line = self.line(path);
        match line.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None => line.parse().ok(),
        }
    }

    /// Returns what a symbolic link says.
    pub fn link(&self, path: &str) -> Option<String> {
        let target = fs::read_link(self.at_root(path)).ok()?;
        target.to_str().map(str::to_owned)
    }

    /// Returns the last name in what a symbolic link says.
    pub fn link_name(&self, path: &str) -> Option<String> {
        let target = self.link(path)?;
        Some(base(&target).to_owned())
    }

    /// Returns the path that a link of sysfs leads to, which is to a real folder by a relative path.
    ///
    /// To put the two together is cheaper than to look at every folder on the way, as [`Self::real`] does.
    pub fn follow(&self, path: &str) -> Option<String> {
        let target = self.link(path)?;
        resolve(parent(path), &target).or_else(|| self.real(path))
    }

    /// Returns the paths that the links in a folder of sysfs lead to, in the order of the links' names.
    ///
    /// The path of the folder is walked once.
    pub fn follow_all(&self, path: &str) -> Vec<String> {
        let Some(folder) = self.folder(path) else {
            return Vec::new();
        };
        let follow = |name: String| {
            resolve(path, &folder.link(&name)?).or_else(|| self.real(&format!("{path}/{name}")))
        };
        self.list(path).into_iter().filter_map(follow).collect()
    }

    /// Returns the path of a file without symbolic links.
    pub fn real(&self, path: &str) -> Option<String> {
        let full = fs::canonicalize(self.at_root(path)).ok()?;
        let inner = full.strip_prefix(&self.root).unwrap_or(&full);
        let inner = inner.to_str()?;
        Some(if inner.starts_with('/') {
            inner.to_owned()
        } else {
            format!("/{inner}")
        })
    }

    /// Returns the names in a folder in the order of their bytes; none if it can't be read.
    pub fn list(&self, path: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.at_root(path)) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        names.sort_unstable();
        names
    }

    /// Writes a line to a file of the kernel, in one piece.
    pub fn write(&self, path: &str, text: &str) -> io::Result<()> {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .open(self.at_root(path))?;
        file.write_all(format!("{text}\n").as_bytes())
    }

    /// Makes a folder.
    pub fn mkdir(&self, path: &str) -> io::Result<()> {
        fs::create_dir(self.at_root(path))
    }

    /// Removes a folder of configfs.
    pub fn rmdir(&self, path: &str) -> io::Result<()> {
        fs::remove_dir(self.at_root(path))
    }
}

/// An open folder.
#[derive(Debug)]
pub struct Folder(OwnedFd);

impl Folder {
    /// Returns the text of an attribute.
    pub fn attribute(&self, name: &str) -> Option<String> {
        attribute_at(self.0.as_fd(), Path::new(name))
    }

    /// Returns what a symbolic link says.
    pub fn link(&self, name: &str) -> Option<String> {
        let target = rustix::fs::readlinkat(&self.0, name, Vec::new()).ok()?;
        target.into_string().ok()
    }

    /// Returns the last name in what a symbolic link says.
    pub fn link_name(&self, name: &str) -> Option<String> {
        let target = self.link(name)?;
        Some(base(&target).to_owned())
    }
}

/// Returns the path that a relative link in `folder` leads to, which has no other links on its way.
fn resolve(folder: &str, target: &str) -> Option<String> {
    let mut folder = folder;
    let mut rest = target;
    while let Some(inner) = rest.strip_prefix("../") {
        folder = parent(folder);
        rest = inner;
    }
    (!rest.starts_with('/') && !rest.contains("/../")).then(|| format!("{folder}/{rest}"))
}

fn attribute_at(folder: BorrowedFd<'_>, path: &Path) -> Option<String> {
    /// No attribute is longer than a page.
    const LONGEST: usize = 4096;

    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let file = rustix::fs::openat(folder, path, flags, Mode::empty()).ok()?;
    let mut bytes = [0; LONGEST];
    let len = rustix::io::read(&file, &mut bytes).ok()?;
    Some(String::from_utf8_lossy(bytes.get(..len)?).into_owned())
}

/// Returns the last name of a path.
pub fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Returns the path of the folder that `path` is in; empty for what is in the root folder.
pub fn parent(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..at])
}

/// Returns `true` if `path` is `folder` or below it.
pub fn is_within(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
