// SPDX-License-Identifier: GPL-2.0

//! The choice of an accelerator: KVM if it works, else TCG.
//!
//! That `/dev/kvm` opens proves nothing: a guest may still hang at its first instructions. So the
//! test kernel itself is started, and must have reached its first line of log in time.

use std::{
    fs::OpenOptions,
    io::{BufRead, BufReader},
    process::Stdio,
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use crate::{accel::Accel, machine::Machine, qemu, target::Target};

const PROBE_LIMIT: Duration = Duration::from_secs(2);

/// Returns the accelerator for one run of the harness.
pub(crate) fn choose(target: &Target, machine: &Machine) -> Accel {
    if !target.arch.is_native() || !may_use_kvm() {
        return Accel::Tcg;
    }
    match kvm_boots(target, machine) {
        true => Accel::Kvm,
        false => {
            eprintln!("KVM is there but does not start a kernel: using TCG");
            Accel::Tcg
        }
    }
}

fn may_use_kvm() -> bool {
    OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/kvm")
        .is_ok()
}

fn kvm_boots(target: &Target, machine: &Machine) -> bool {
    let Ok(mut command) = qemu::base_command(target, machine, Accel::Kvm) else {
        return false;
    };
    command
        .args(["-serial", "stdio", "-append"])
        .arg(format!("console={} {}", machine.console, machine.append))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else {
        return false;
    };
    let (sender, lines) = channel();
    if let Some(stdout) = child.stdout.take() {
        thread::spawn(move || {
            for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
    }
    let deadline = Instant::now() + PROBE_LIMIT;
    let boots = loop {
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) if String::from_utf8_lossy(&line).contains("Linux version") => break true,
            Ok(_) => {}
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break false,
        }
    };
    // It may have ended by itself; either way nothing is left of it afterwards.
    let _ = child.kill();
    let _ = child.wait();
    boots
}
