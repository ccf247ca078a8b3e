// SPDX-License-Identifier: GPL-2.0

//! Moves, as far as a recorded machine can have them: what would be written.

use super::machine::Machine;

#[test]
fn a_rebind_is_one_write() {
    let machine = Machine::new();
    let folder = machine.pci("pci0000:00/0000:00:06.0", "0200", Some("e1000e"));
    machine.dir("/sys/bus/pci/drivers/vfio-meta");
    machine.dir("/sys/module/overdrive");
    machine.file(&format!("{folder}/overdrive/rebind"), "");
    machine
        .run(&["bind", "00:06.0", "vfio-meta"])
        .has(0, "0000:00:06.0: ");
    assert_eq!(
        machine.text(&format!("{folder}/overdrive/rebind")),
        "vfio-meta\n"
    );
}

#[test]
fn a_driver_that_is_nowhere_is_not_found_before_anything_is_touched() {
    let machine = Machine::new();
    let folder = machine.pci("pci0000:00/0000:00:06.0", "0200", Some("e1000e"));
    machine
        .run(&["bind", "00:06.0", "no-such-driver"])
        .has(4, "the bus pci has no driver no-such-driver");
    assert_eq!(
        machine.text(&format!("{folder}/driver_override")),
        "(null)\n"
    );
}

#[test]
fn a_loan_needs_a_module_that_can_lend() {
    let machine = Machine::new();
    machine.pci("pci0000:00/0000:00:06.0", "0200", Some("e1000e"));
    machine
        .run(&["run", "--with", "00:06.0=vfio-meta", "--", "true"])
        .has(5, "the module overdrive is not loaded");
    machine.dir("/sys/module/overdrive");
    machine
        .run(&["run", "--with", "00:06.0=vfio-meta", "--", "true"])
        .has(5, "can't lend devices");
    machine.file("/dev/overdrive", "version=9\nverbs=bind\noptions=");
    machine
        .run(&["run", "--with", "00:06.0=vfio-meta", "--", "true"])
        .has(5, "can't lend devices");
}

#[test]
fn a_move_on_trial_is_confirmed_from_another_terminal() {
    let machine = Machine::new();
    machine.run(&["confirm"]).has(4, "nothing waits");
    let question = "/run/overdrive/try-41";
    machine.file(question, "0000:00:06.0\n0000:00:07.0");
    machine.dir("/proc/41");
    let output = machine.run(&["confirm"]);
    output.has(0, "0000:00:06.0: confirmed\n0000:00:07.0: confirmed\n");
    assert_eq!(machine.text(question), "yes");
    // It was answered already.
    machine.run(&["confirm"]).has(4, "nothing waits");
}

#[test]
fn a_move_on_trial_whose_process_was_killed_is_not_confirmed() {
    let machine = Machine::new();
    machine.file("/run/overdrive/try-41", "0000:00:06.0");
    machine.run(&["confirm"]).has(4, "nothing waits");
    assert_eq!(machine.text("/run/overdrive/try-41"), "");
}
