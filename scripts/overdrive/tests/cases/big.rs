// SPDX-License-Identifier: GPL-2.0

//! A big machine: two PCI domains, one of five digits, with eight GPUs and their audio functions, and four network cards
//! with 64 virtual functions each.

use super::machine::Machine;

const GPUS: usize = 8;
const CARDS: usize = 4;
const FUNCTIONS: usize = 64;

fn join_group(machine: &Machine, device: &str, group: usize) {
    let name = device.rsplit('/').next().unwrap_or_default();
    let folder = format!("/sys/kernel/iommu_groups/{group}");
    machine.link(&format!("{device}/iommu_group"), &folder);
    machine.link(&format!("{folder}/devices/{name}"), device);
}

fn machine() -> Machine {
    let machine = Machine::new();
    for gpu in 0..GPUS {
        let place = format!("pci0000:00/0000:{:02x}", 0x20 + gpu);
        let screen = machine.pci(&format!("{place}:00.0"), "0302", Some("vfio-pci"));
        machine.dir(&format!("{screen}/vfio-dev/vfio{gpu}"));
        machine.file(&format!("{screen}/reset_method"), "flr bus");
        let audio = machine.pci(&format!("{place}:00.1"), "0403", Some("snd_hda_intel"));
        join_group(&machine, &screen, gpu);
        join_group(&machine, &audio, gpu);
    }
    for card in 0..CARDS {
        let bus = format!("pci10000:00/10000:{:02x}", 0x40 + card);
        let physical = machine.pci(&format!("{bus}:00.0"), "0200", Some("mlx5_core"));
        machine.file(&format!("{physical}/sriov_numvfs"), &FUNCTIONS.to_string());
        join_group(&machine, &physical, 1000 + card);
        for index in 1..=FUNCTIONS {
            let place = format!("{bus}:{:02x}.{}", index / 8, index % 8);
            let function = machine.pci(&place, "0200", None);
            machine.link(&format!("{function}/physfn"), &physical);
            machine.link(&format!("{physical}/virtfn{}", index - 1), &function);
            join_group(&machine, &function, 2000 + card * FUNCTIONS + index);
        }
    }
    machine
}

#[test]
fn every_device_of_a_big_machine_is_listed_once() {
    let machine = machine();
    for command in ["list", "tree"] {
        let output = machine.run(&[command]);
        output.has(0, "10000:43:08.0");
        output.has(0, "0000:27:00.1");
        let count = output.text.matches("10000:4").count();
        assert_eq!(count, CARDS * (FUNCTIONS + 1), "{command}");
    }
}

#[test]
fn a_survey_of_a_big_machine_tells_what_is_in_the_way() {
    let machine = machine();
    let output = machine.run(&["survey"]);
    output.has(0, "0000:20:00.1 of its IOMMU group is with snd_hda_intel");
    output.has(0, "flr,bus");
    let json = machine.run(&["survey", "--json"]);
    // Virtual functions are free; the cards have some, and the screens' audio is the host's.
    let free = json.text.matches(r#""free": true"#).count();
    let audio = GPUS;
    assert_eq!(free, CARDS * FUNCTIONS + audio, "{}", json.text);
}

#[test]
fn a_device_in_a_domain_of_five_digits_is_examined_and_explained() {
    let machine = machine();
    machine
        .run(&["explain", "10000:40:00.1"])
        .has(0, "it gets its standard driver");
    machine
        .run(&["doctor", "0000:20:00.0"])
        .has(1, "group-not-viable");
}
