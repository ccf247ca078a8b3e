// SPDX-License-Identifier: GPL-2.0

//! A survey: what keeps devices apart, and what modules there are for them.

use super::machine::{Machine, Output};

const ROOT_PORT: u8 = 4;
const UPSTREAM_PORT: u8 = 5;
const DOWNSTREAM_PORT: u8 = 6;
const BRIDGE: u8 = 7;

/// The services that a port is able to do, and those that are switched on.
type Services = Option<(u8, u8)>;

/// Writes the configuration space of a port.
fn port(machine: &Machine, folder: &str, kind: u8, services: Services) {
    let mut space = vec![0; 4096];
    space[0x06] = 0x10;
    space[0x34] = 0x40;
    space[0x40..0x44].copy_from_slice(&[0x10, 0, kind << 4 | 2, 0]);
    if let Some((able, on)) = services {
        // A serial number, and the services after it.
        space[0x100..0x104].copy_from_slice(&[3, 0, 1, 0x14]);
        space[0x140..0x144].copy_from_slice(&[0x0d, 0, 1, 0]);
        space[0x144] = able;
        space[0x146] = on;
    }
    machine.bytes(folder, b"config", &space);
}

/// Returns the survey of a card below a port.
fn below(kind: u8, services: Services) -> Output {
    let machine = Machine::new();
    let above = machine.pci("pci0000:00/0000:00:1c.0", "0604", Some("pcieport"));
    machine.pci("pci0000:00/0000:00:1c.0/0000:05:00.0", "0200", None);
    port(&machine, &above, kind, services);
    machine.run(&["survey", "--json"])
}

const APART: &str = r#""without_acs": []"#;
const NOT_APART: &str = r#""without_acs": ["0000:00:1c.0"]"#;

#[test]
fn a_port_that_keeps_devices_apart_is_known_by_its_services() {
    below(ROOT_PORT, Some((0x1f, 0x1d))).has(0, APART);
    below(DOWNSTREAM_PORT, Some((0x5f, 0x5d))).has(0, APART);
    below(ROOT_PORT, Some((0x1f, 0x1c))).has(0, NOT_APART);
    below(DOWNSTREAM_PORT, Some((0x1f, 0))).has(0, NOT_APART);
}

#[test]
fn services_that_a_port_does_not_have_are_not_asked_of_it() {
    below(ROOT_PORT, Some((0x01, 0x01))).has(0, APART);
}

#[test]
fn a_port_without_services_does_not_keep_devices_apart() {
    below(ROOT_PORT, None).has(0, NOT_APART);
    below(UPSTREAM_PORT, None).has(0, APART);
    below(BRIDGE, None).has(0, NOT_APART);
}

#[test]
fn a_list_of_capabilities_that_goes_in_circles_ends() {
    let machine = Machine::new();
    let above = machine.pci("pci0000:00/0000:00:1c.0", "0604", Some("pcieport"));
    machine.pci("pci0000:00/0000:00:1c.0/0000:05:00.0", "0200", None);
    let mut space = vec![0; 4096];
    space[0x06] = 0x10;
    space[0x34] = 0x40;
    space[0x40..0x44].copy_from_slice(&[9, 0x40, 0, 0]);
    space[0x100..0x104].copy_from_slice(&[3, 0, 1, 0x10]);
    machine.bytes(&above, b"config", &space);
    machine.run(&["survey", "--json"]).has(0, NOT_APART);
}

#[test]
fn what_a_user_may_not_read_of_a_port_is_unknown() {
    let machine = Machine::new();
    let above = machine.pci("pci0000:00/0000:00:1c.0", "0604", Some("pcieport"));
    machine.pci("pci0000:00/0000:00:1c.0/0000:05:00.0", "0200", None);
    machine.bytes(&above, b"config", &[0; 64]);
    let output = machine.run(&["survey", "--json"]);
    output.has(0, r#""without_acs": null"#);
}

#[test]
fn a_device_has_its_modules_and_reserved_addresses_in_the_survey() {
    let machine = Machine::new();
    let card = machine.pci("pci0000:00/0000:00:06.0", "0200", None);
    machine.link(
        &format!("{card}/iommu_group"),
        "/sys/kernel/iommu_groups/11",
    );
    machine.file(
        "/sys/kernel/iommu_groups/11/reserved_regions",
        "0x00000000fee00000 0x00000000feefffff msi",
    );
    machine.file(
        "/lib/modules/7.3.0/modules.alias",
        "alias pci:v00008086d000010D3sv*sd*bc*sc*i* e1000e\n\
         alias pci:v00008086d000010D4sv*sd*bc*sc*i* other\n\
         alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci",
    );
    let output = machine.run(&["survey", "--json"]);
    output.has(0, r#""modules": ["e1000e"]"#);
    output.has(0, r#""vfio_modules": ["vfio_pci"]"#);
    output.has(0, r#""0x00000000fee00000 0x00000000feefffff msi""#);
    output.has(0, r#""free": true"#);
    machine.run(&["survey"]).has(0, "e1000e,vfio_pci");
}
