// SPDX-License-Identifier: GPL-2.0

//! Devices for containers.

use super::machine::Machine;

fn machine() -> Machine {
    let machine = Machine::new();
    let card = machine.pci("pci0000:00/0000:00:06.0", "0200", Some("vfio-meta"));
    machine.pci("pci0000:00/0000:00:07.0", "0200", Some("e1000e"));
    machine.dir(&format!("{card}/vfio-dev/vfio3"));
    machine.link(
        &format!("{card}/iommu_group"),
        "/sys/kernel/iommu_groups/12",
    );
    machine.file("/sys/kernel/iommu_groups/12/name", "");
    machine
}

#[test]
fn a_container_gets_the_files_of_a_device_that_are_there() {
    let machine = machine();
    machine.file("/dev/vfio/vfio", "");
    machine.file("/dev/vfio/12", "");
    let output = machine.run(&["cdi"]);
    output.has(0, r#""name": "0000:00:06.0""#);
    output.has(0, r#""path": "/dev/vfio/12""#);
    output.has(0, r#""path": "/dev/vfio/vfio""#);
    // This kernel has no character devices of VFIO, and the other card is the host's.
    output.lacks("/dev/vfio/devices");
    output.lacks("/dev/iommu");
    output.lacks("0000:00:07.0");

    machine.file("/dev/vfio/devices/vfio3", "");
    machine.file("/dev/iommu", "");
    let output = machine.run(&["cdi"]);
    output.has(0, r#""path": "/dev/vfio/devices/vfio3""#);
    output.has(0, r#""path": "/dev/iommu""#);
}

#[test]
fn a_group_without_an_iommu_has_its_own_file_for_containers() {
    let machine = machine();
    machine.file("/sys/kernel/iommu_groups/12/name", "vfio-noiommu");
    machine.file("/dev/vfio/noiommu-12", "");
    machine
        .run(&["cdi"])
        .has(0, r#""path": "/dev/vfio/noiommu-12""#);
}

#[test]
fn without_a_device_for_vfio_there_is_no_specification() {
    let machine = Machine::new();
    machine.pci("pci0000:00/0000:00:07.0", "0200", Some("e1000e"));
    machine
        .run(&["cdi"])
        .has(4, "no device can be opened through VFIO");
}
