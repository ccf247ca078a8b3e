// SPDX-License-Identifier: GPL-2.0

//! The contents of an image that the hooks for initramfs-tools and dracut make, and what they say meanwhile.

use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use super::machine::{Machine, Output};

const INITRAMFS_TOOLS: &str = "../packaging/initramfs-tools/hook";
const DRACUT: &str = "../packaging/dracut/module-setup.sh";

/// The functions of initramfs-tools that the hook calls.
const TOOLS: &str = r#"
copy_exec() { mkdir -p "$DESTDIR$2"; cp "$1" "$DESTDIR$2/" 2>/dev/null || echo "copies $1"; }
manual_add_modules() { printf 'module %s\n' "$@"; }
"#;

/// The functions of dracut that the module calls, and the calls that dracut makes.
const CALLS: &str = r#"
dwarn() { echo "W: $*"; }
instmods() { [[ $1 != -s ]] || shift; printf 'module %s\n' "$@"; }
inst_multiple() { :; }
inst_simple() { mkdir -p "$DESTDIR/etc/overdrive.d"; cp "$1" "$DESTDIR/etc/overdrive.d/"; }
inst_hook() { :; }
kernel=$version moddir=.
if check; then
	installkernel
	install
fi
"#;

fn script(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::write(&path, text).expect("writes");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("sets its mode");
}

/// Runs a hook for a kernel that has the module, or one that has not.
fn run(machine: &Machine, hook: &str, has_module: bool) -> Output {
    let folder = machine.folder();
    let bin = folder.join("bin");
    fs::create_dir_all(&bin).expect("makes a folder");
    let program = Path::new(env!("CARGO_BIN_EXE_overdrive"));
    script(
        &bin,
        "overdrive",
        &format!("#!/bin/sh\nexec {} \"$@\"\n", program.display()),
    );
    script(
        &bin,
        "modinfo",
        &format!("#!/bin/sh\nexit {}\n", u8::from(!has_module)),
    );
    let saved = folder.join("etc/overdrive.d");
    let functions = folder.join("functions");
    fs::write(&functions, TOOLS).expect("writes");
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(hook);
    let mut text = fs::read_to_string(source)
        .expect("a hook")
        .replace(
            "/usr/share/initramfs-tools/hook-functions",
            functions.to_str().expect("a path"),
        )
        .replace(
            "saved=/etc/overdrive.d",
            &format!("saved={}", saved.display()),
        );
    let shell = if hook == DRACUT {
        text = text.replace("/etc/overdrive.d", saved.to_str().expect("a path"));
        text.push_str(CALLS);
        "bash"
    } else {
        "sh"
    };
    let path = format!("{}:{}", bin.display(), env::var("PATH").unwrap_or_default());
    let output = Command::new("timeout")
        .args(["20", shell, "-c", &text])
        .env("PATH", path)
        .env("OVERDRIVE_ROOT", folder)
        .env("DESTDIR", folder.join("image"))
        .env("version", "7.3.99-other")
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

/// Returns the names of the files for the image, wherever the hook has put them.
fn files(machine: &Machine) -> Vec<String> {
    fn collect(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            match entry.path().is_dir() {
                true => collect(&entry.path(), found),
                false if name != "overdrive" => found.push(name),
                false => {}
            }
        }
    }

    let mut found = Vec::new();
    collect(&machine.folder().join("image"), &mut found);
    found.sort();
    found
}

fn machine() -> Machine {
    let machine = Machine::new();
    machine.file(
        "/etc/overdrive.d/good.rule",
        "device = 0000:00:06.0\ndriver = vfio-pci",
    );
    machine
}

#[test]
fn an_image_for_a_kernel_without_the_module_is_warned_of() {
    for hook in [INITRAMFS_TOOLS, DRACUT] {
        run(&machine(), hook, false).has(
            0,
            "there is no module for the kernel 7.3.99-other: no saved rule holds",
        );
        run(&machine(), hook, true).lacks("there is no module");
    }
}

#[test]
fn an_image_has_the_saved_files_and_the_modules_that_they_need() {
    for hook in [INITRAMFS_TOOLS, DRACUT] {
        let machine = machine();
        machine.file(
            "/etc/overdrive.d/stick.rule",
            "bus = usb\nmodalias = usb:*ic08*\ndriver = none",
        );
        let output = run(&machine, hook, true);
        for module in ["overdrive", "configfs", "vfio-pci", "usbcore"] {
            output.has(0, &format!("module {module}\n"));
        }
        assert_eq!(files(&machine), ["good.rule", "stick.rule"], "{hook}");
    }
}

#[test]
fn what_is_bad_is_named_when_an_image_is_made_and_costs_no_other() {
    for hook in [INITRAMFS_TOOLS, DRACUT] {
        let machine = machine();
        machine.file("/etc/overdrive.d/a.rule", "vendor = 10de");
        machine.dir("/etc/overdrive.d/folder.rule");
        machine.any_link("/etc/overdrive.d/dangling.rule", "nowhere");
        machine.pipe("/etc/overdrive.d/b.rule");
        let output = run(&machine, hook, true);
        output.has(0, "a.rule:1: a rule has no field 'vendor'");
        output.has(0, "b.rule: it is no regular file");
        output.has(0, "module vfio-pci\n");
        assert_eq!(files(&machine), ["a.rule", "good.rule"], "{hook}");
    }
}

#[test]
fn without_anything_saved_an_image_is_left_alone() {
    for hook in [INITRAMFS_TOOLS, DRACUT] {
        let machine = Machine::new();
        let output = run(&machine, hook, false);
        assert!(output.text.is_empty(), "{}", output.text);
        machine.dir("/etc/overdrive.d");
        let output = run(&machine, hook, false);
        assert!(output.text.is_empty(), "{}", output.text);
    }
}
