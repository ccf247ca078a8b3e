// SPDX-License-Identifier: GPL-2.0

//! A recorded machine: files below a temporary folder, and the program that looks at them.

use std::{
    env,
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt, fs::symlink},
    path::{Path, PathBuf},
    process::{Command, id},
    sync::atomic::{AtomicU32, Ordering},
};

use rustix::fs::{CWD, FileType, Mode, mknodat};

/// A machine. Its folder goes with it.
pub(crate) struct Machine {
    root: PathBuf,
}

/// The end of a command.
pub(crate) struct Output {
    pub(crate) status: i32,
    /// Returns standard output, and after it standard error.
    pub(crate) text: String,
    /// Returns standard output alone.
    pub(crate) out: String,
}

impl Output {
    /// Checks the exit status, and that a text is there.
    #[track_caller]
    pub(crate) fn has(&self, status: i32, text: &str) {
        assert_eq!(self.status, status, "{}", self.text);
        assert!(self.text.contains(text), "no '{text}' in:\n{}", self.text);
    }

    /// Checks that a text is not there.
    #[track_caller]
    pub(crate) fn lacks(&self, text: &str) {
        assert!(!self.text.contains(text), "'{text}' in:\n{}", self.text);
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

impl Machine {
    /// Makes a machine without any device.
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);

        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let root = env::temp_dir().join(format!("overdrive-{}-{number}", id()));
        let machine = Self { root };
        machine.file("/proc/sys/kernel/osrelease", "7.3.0");
        machine
    }

    /// Returns the folder of the machine's files.
    pub(crate) fn folder(&self) -> &Path {
        &self.root
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// Writes a file, and makes the folders above it.
    pub(crate) fn file(&self, path: &str, text: &str) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("makes folders");
        fs::write(path, format!("{text}\n")).expect("writes");
    }

    /// Makes a folder.
    pub(crate) fn dir(&self, path: &str) {
        fs::create_dir_all(self.at(path)).expect("makes folders");
    }

    /// Returns the text of a file.
    pub(crate) fn text(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap_or_default()
    }

    /// Makes a relative link, as sysfs has them.
    pub(crate) fn link(&self, path: &str, target: &str) {
        let place = self.at(path);
        fs::create_dir_all(place.parent().expect("a folder")).expect("makes folders");
        let depth = path.trim_start_matches('/').matches('/').count();
        let up = "../".repeat(depth);
        symlink(
            Path::new(&format!("{up}{}", target.trim_start_matches('/'))),
            place,
        )
        .expect("makes a link");
    }

    /// Adds a device to a bus; returns its folder.
    pub(crate) fn device(&self, bus: &str, path: &str, driver: Option<&str>) -> String {
        let folder = format!("/sys/devices/{path}");
        let name = path.rsplit('/').next().expect("a name");
        self.file(&format!("{folder}/uevent"), "");
        self.link(&format!("{folder}/subsystem"), &format!("/sys/bus/{bus}"));
        self.link(&format!("/sys/bus/{bus}/devices/{name}"), &folder);
        if let Some(driver) = driver {
            self.dir(&format!("/sys/bus/{bus}/drivers/{driver}"));
            self.link(
                &format!("{folder}/driver"),
                &format!("/sys/bus/{bus}/drivers/{driver}"),
            );
        }
        folder
    }

    /// Adds a PCI device with an override file; returns its folder.
    pub(crate) fn pci(&self, path: &str, class: &str, driver: Option<&str>) -> String {
        let folder = self.device("pci", path, driver);
        self.file(&format!("{folder}/class"), &format!("0x{class}00"));
        self.file(&format!("{folder}/vendor"), "0x8086");
        self.file(&format!("{folder}/device"), "0x10d3");
        self.file(
            &format!("{folder}/modalias"),
            "pci:v00008086d000010D3sv00008086sd0000A01Fbc02sc00i00",
        );
        self.file(&format!("{folder}/driver_override"), "(null)");
        folder
    }

    /// Adds something with a class below a device, with a device file; returns its folder.
    pub(crate) fn node(&self, device: &str, class: &str, name: &str, number: &str) -> String {
        let folder = format!("{device}/{class}/{name}");
        self.file(&format!("{folder}/dev"), number);
        self.file(&format!("{folder}/uevent"), &format!("DEVNAME={name}"));
        self.link(
            &format!("{folder}/subsystem"),
            &format!("/sys/class/{class}"),
        );
        self.link(&format!("/sys/class/{class}/{name}"), &folder);
        folder
    }

    /// Moves a file or folder.
    pub(crate) fn move_to(&self, path: &str, to: &str) {
        fs::rename(self.at(path), self.at(to)).expect("moves");
    }

    /// Writes bytes to a file whose name is bytes as well.
    pub(crate) fn bytes(&self, folder: &str, name: &[u8], bytes: &[u8]) {
        let folder = self.at(folder);
        fs::create_dir_all(&folder).expect("makes folders");
        fs::write(folder.join(OsStr::from_bytes(name)), bytes).expect("writes");
    }

    /// Makes a link to what may not be there.
    pub(crate) fn any_link(&self, path: &str, target: &str) {
        symlink(target, self.at(path)).expect("makes a link");
    }

    /// Makes a named pipe, which nobody writes to.
    pub(crate) fn pipe(&self, path: &str) {
        mknodat(CWD, self.at(path), FileType::Fifo, Mode::RUSR, 0).expect("makes a pipe");
    }

    /// Has a process have a file open.
    pub(crate) fn process(&self, pid: u32, name: &str, file: &str) {
        self.file(&format!("/proc/{pid}/comm"), name);
        self.dir(&format!("/proc/{pid}/fd"));
        symlink(file, self.at(&format!("/proc/{pid}/fd/3"))).expect("makes a link");
    }

    /// Runs the program.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let output = Command::new(env!("CARGO_BIN_EXE_overdrive"))
            .args(arguments)
            .env("OVERDRIVE_ROOT", &self.root)
            .env_remove("OVERDRIVE_SAVED")
            .output()
            .expect("runs");
        Output {
            status: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            text: format!(
                "{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            ),
        }
    }
}
