// SPDX-License-Identifier: GPL-2.0

//! The saved policy, and what is foreseen of it.

use super::machine::Machine;

const GOOD: &str = "device = 0000:00:06.0\ndriver = vfio-meta";

fn machine() -> Machine {
    let machine = Machine::new();
    machine.pci("pci0000:00/0000:00:06.0", "0200", Some("e1000e"));
    machine.pci("pci0000:00/0000:00:07.0", "0200", Some("e1000e"));
    machine.file("/etc/overdrive.d/good.rule", GOOD);
    machine
}

#[test]
fn a_bad_entry_is_named_and_costs_no_other() {
    for (file, text, line, why) in [
        ("a.rule", "vendor = 10de\ndriver = none", 1, "modalias"),
        (
            "a.rule",
            "\nDevice = x\ndriver = none",
            2,
            "it is called device",
        ),
        ("a.rule", "device 0000:66:00.0", 1, "FIELD = TEXT"),
        (
            "a.rule",
            "device = a  # b\ndriver = none",
            1,
            "a comment has a line of its own",
        ),
        (
            "a.rule",
            "device = 1234:11e8\ndriver = none",
            1,
            "an ID names no device",
        ),
        (
            "slots",
            "# mine\n0000:65:00.0  # gpu",
            2,
            "a comment has a line of its own",
        ),
        ("buses", "usb everything", 1, "restrict or force"),
    ] {
        let machine = machine();
        let path = format!("/etc/overdrive.d/{file}");
        machine.file(&path, text);
        let checked = machine.run(&["check"]);
        checked.has(1, &format!("{path}:{line}: "));
        checked.has(1, why);
        machine.run(&["restore", "--print"]).has(
            1,
            "options overdrive rules=name=good,device=0000:00:06.0,driver=vfio-meta\n",
        );
    }
}

#[test]
fn a_file_that_is_no_rule_is_named() {
    let machine = machine();
    machine.file("/etc/overdrive.d/my gpu.rule", GOOD);
    machine.file("/etc/overdrive.d/gpu.conf", GOOD);
    let checked = machine.run(&["check"]);
    checked.has(1, "'my gpu' can't be a rule's name");
    checked.has(1, "gpu.conf: it is none of NAME.rule, slots and buses");
}

#[test]
fn what_an_editor_leaves_is_no_rule() {
    let machine = machine();
    machine.file("/etc/overdrive.d/good.rule~", "nonsense");
    machine.file("/etc/overdrive.d/.good.rule.swp", "nonsense");
    machine.run(&["check"]).has(0, "nothing is wrong");
}

#[test]
fn the_next_boot_is_foreseen() {
    let machine = machine();
    let plan = machine.run(&["plan", "--boot"]);
    plan.has(0, "0000:00:06.0  e1000e  vfio-meta  good  nobody");
    plan.lacks("0000:00:07.0");
    machine.run(&["plan", "--boot", "--json"]).has(
        0,
        "{\"device\": \"0000:00:06.0\", \"bus\": \"pci\", \"from\": \"e1000e\", \"to\": \"vfio-meta\", \"rule\": \"good\"",
    );
}

#[test]
fn a_bridge_is_taken_by_no_pattern() {
    let machine = machine();
    machine.pci("pci0000:00/0000:00:10.0", "0604", Some("pcieport"));
    machine.file(
        "/etc/overdrive.d/all.rule",
        "device = 0000:00:*\ndriver = vfio-meta",
    );
    let plan = machine.run(&["plan", "--boot"]);
    plan.has(0, "0000:00:07.0  e1000e  vfio-meta  all");
    plan.lacks("0000:00:10.0");
}

#[test]
fn a_rule_in_force_is_explained() {
    let machine = machine();
    machine.file(
        "/sys/module/overdrive/parameters/rules",
        "name=nics,modalias=pci:v00008086*,driver=vfio-meta;name=one,device=0000:00:06.0,driver=none;name=other,device=0000:00:07.0,modalias=pci:v00001234*,driver=none",
    );
    let first = machine.run(&["explain", "00:06.0"]);
    first.has(0, "it gets none, by the rule one");
    first.has(0, "one comes first: exact device");
    machine
        .run(&["explain", "00:07.0"])
        .has(0, "its place, but another device: modalias differs");
}
