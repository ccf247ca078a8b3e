// SPDX-License-Identifier: GPL-2.0

//! Devices by the names that people have for them.

use super::machine::Machine;

/// The word means the device.
#[track_caller]
fn means(machine: &Machine, word: &str, name: &str) {
    let output = machine.run(&["status", word]);
    output.has(0, &format!("device       {name}\n"));
}

#[test]
fn a_domain_of_five_digits_is_found() {
    let machine = Machine::new();
    machine.pci("pci10000:e0/10000:e1:00.0", "0108", None);
    means(&machine, "10000:E1:00.0", "10000:e1:00.0");
    means(&machine, "pci_10000_e1_00_0", "10000:e1:00.0");
}

#[test]
fn a_card_is_found_by_its_screen() {
    let machine = Machine::new();
    let folder = machine.pci("pci0000:00/0000:00:02.0", "0300", None);
    machine.node(&folder, "drm", "card0", "226:0");
    machine.node(&folder, "drm", "renderD128", "226:128");
    means(&machine, "card0", "0000:00:02.0");
    means(&machine, "/dev/dri/renderD128", "0000:00:02.0");
}

#[test]
fn a_volume_on_one_disk_is_of_its_controller_and_on_two_of_neither() {
    let machine = Machine::new();
    let volume = machine.node("/sys/devices/virtual", "block", "dm-0", "253:0");
    for (number, device) in ["0000:00:04.0", "0000:00:05.0"].iter().enumerate() {
        let folder = machine.pci(&format!("pci0000:00/{device}"), "0106", None);
        let disk = machine.node(
            &format!("{folder}/host{number}"),
            "block",
            &format!("sd{number}"),
            &format!("8:{number}"),
        );
        machine.link(&format!("{volume}/slaves/sd{number}"), &disk);
        if number == 0 {
            means(&machine, "dm-0", device);
        }
    }
    machine.run(&["status", "dm-0"]).has(4, "say which");
}

#[test]
fn a_namespace_of_nvme_is_of_its_controller() {
    let machine = Machine::new();
    let folder = machine.pci("pci0000:00/0000:00:04.0", "0108", Some("nvme"));
    let subsystem = "/sys/devices/virtual/nvme-subsystem/nvme-subsys0";
    machine.dir(&format!("{folder}/nvme/nvme0"));
    machine.link(
        &format!("{subsystem}/nvme0"),
        &format!("{folder}/nvme/nvme0"),
    );
    machine.file(&format!("{subsystem}/nvme0n1/dev"), "259:1");
    machine.link("/sys/class/block/nvme0n1", &format!("{subsystem}/nvme0n1"));
    means(&machine, "nvme0n1", "0000:00:04.0");
    machine.run(&["list"]).has(0, "NVMe 8086:10d3 (nvme0n1)");
}

#[test]
fn completions_are_given_every_name_of_a_device() {
    let machine = Machine::new();
    let folder = machine.pci("pci0000:00/0000:00:06.0", "0200", Some("e1000e"));
    let port = format!("{folder}/net/eth0");
    machine.file(&format!("{port}/flags"), "0x1003");
    machine.link("/sys/class/net/eth0", &port);
    machine.file("/etc/overdrive.d/mine.rule", "device = a\ndriver = none");
    machine
        .run(&["names", "devices"])
        .has(0, "0000:00:06.0\neth0\n");
    machine.run(&["names", "drivers"]).has(0, "e1000e\nnone\n");
    machine.run(&["names", "rules"]).has(0, "mine\n");
}

#[test]
fn a_folder_of_a_class_in_sysfs_is_of_its_device() {
    let machine = Machine::new();
    let folder = machine.pci("pci0000:00/0000:00:06.0", "0200", Some("e1000e"));
    let port = format!("{folder}/net/eth0");
    machine.link(&format!("{port}/subsystem"), "/sys/class/net");
    machine.file("/sys/class/net/bonding_masters", "");
    machine.link("/sys/class/net/eth0", &port);
    for word in ["/sys/class/net/eth0", port.as_str(), folder.as_str()] {
        machine
            .run(&["status", word])
            .has(0, "device       0000:00:06.0");
    }
}

#[test]
fn what_leads_out_of_the_folder_of_devices_is_no_name() {
    let machine = Machine::new();
    machine.pci("pci0000:00/0000:00:06.0", "0200", Some("e1000e"));
    for word in [
        ".",
        "..",
        "../..",
        "pci/",
        "pci/..",
        "pci/.",
        "/",
        "/sys",
        "/sys/devices",
    ] {
        let output = machine.run(&["status", word]);
        assert_eq!(output.status, 4, "{word}: {}", output.text);
    }
}

#[test]
fn what_leads_out_of_the_folders_of_the_module_is_no_name() {
    let machine = Machine::new();
    machine.dir("/sys/module/overdrive");
    machine.dir("/sys/kernel/config/overdrive-rules/r");
    machine.dir("/sys/kernel/config/overdrive-buses");
    for arguments in [
        &["bus", "del", "../overdrive-rules/r"][..],
        &["bus", "add", ".."],
        &["save", "../overdrive-buses"],
        &["rule", "del", "../overdrive-buses"],
        &["rule", "add", "a/b", "device=x", "driver=none"],
        &["rule", "add", "x", "device=a", "device=b", "driver=none"],
    ] {
        let output = machine.run(arguments);
        assert_eq!(output.status, 2, "{arguments:?}: {}", output.text);
    }
}
