// SPDX-License-Identifier: GPL-2.0

//! Rules from what other tools were told.

use super::machine::Machine;

fn machine() -> Machine {
    let machine = Machine::new();
    machine.pci("pci0000:00/0000:00:06.0", "0200", Some("e1000e"));
    let card = machine.pci("pci0000:00/0000:00:07.0", "0300", Some("nouveau"));
    machine.file(&format!("{card}/vendor"), "0x10de");
    machine.file(&format!("{card}/device"), "0x2204");
    machine.file("/etc/driverctl.d/pci-0000:00:06.0", "vfio-meta");
    machine.file(
        "/etc/modprobe.d/gpu.conf",
        "options vfio-pci ids=10de:2204 disable_vga=1",
    );
    machine
}

#[test]
fn rules_from_elsewhere_are_shown_and_not_written() {
    let machine = machine();
    let output = machine.run(&["import"]);
    output.has(0, "/etc/driverctl.d/pci-0000:00:06.0");
    output.has(0, "/etc/modprobe.d/gpu.conf");
    output.has(0, "import --save");
    assert_eq!(machine.text("/etc/overdrive.d/0000-00-06.0.rule"), "");
}

#[test]
fn rules_from_elsewhere_are_saved_by_identity_and_once() {
    let machine = machine();
    machine
        .run(&["import", "--save", "--json"])
        .has(0, r#""changed": true"#);
    let card = machine.text("/etc/overdrive.d/0000-00-06.0.rule");
    assert!(card.contains("driver = vfio-meta\n"), "{card}");
    assert!(card.contains("modalias = pci:v00008086d000010D3"), "{card}");
    let gpu = machine.text("/etc/overdrive.d/0000-00-07.0.rule");
    assert!(gpu.contains("driver = vfio-pci\n"), "{gpu}");
    machine.run(&["check"]).has(0, "rules: 2");
    machine
        .run(&["import", "--save", "--json"])
        .has(0, r#""changed": false"#);
}

#[test]
fn what_can_not_be_imported_is_named_and_costs_no_other() {
    let machine = machine();
    machine.file("/etc/driverctl.d/pci-0000:00:1f.0", "vfio-pci");
    machine.file("/proc/cmdline", "quiet vfio-pci.ids=1002:7,zz");
    let output = machine.run(&["import", "--save"]);
    output.has(
        1,
        "/etc/driverctl.d/pci-0000:00:1f.0: the device is not there",
    );
    output.has(1, "/proc/cmdline: there is no device 1002:7");
    output.has(1, "/proc/cmdline: 'zz' is no ID");
    assert_ne!(machine.text("/etc/overdrive.d/0000-00-06.0.rule"), "");
}

#[test]
fn the_disk_of_the_root_is_not_imported_unless_forced() {
    let machine = machine();
    let disk = machine.node(
        "/sys/devices/pci0000:00/0000:00:06.0",
        "block",
        "sda",
        "8:0",
    );
    machine.file(&format!("{disk}/size"), "100");
    machine.file("/proc/self/mountinfo", "1 0 8:0 / / rw - ext4 /dev/sda rw");
    machine.run(&["import", "--save"]).has(3, "0000:00:06.0");
    assert_eq!(machine.text("/etc/overdrive.d/0000-00-06.0.rule"), "");
    machine.run(&["import", "--save", "--force"]).has(0, "yes");
}
