// SPDX-License-Identifier: GPL-2.0

//! The running account of a recorded machine: the uevents that its kernel sent, in the file `/dev/uevents`.

use super::machine::Machine;

const CARD: &str = "/devices/pci0000:00/0000:00:06.0";

/// Returns a machine with a card in which a rule for another card is in force.
fn machine() -> Machine {
    let machine = Machine::new();
    machine.pci("pci0000:00/0000:00:06.0", "0200", Some("e1000e"));
    machine.dir("/sys/module/overdrive");
    machine.file(
        "/sys/module/overdrive/parameters/rules",
        "name=other,device=0000:00:06.0,modalias=pci:v00001234*,driver=none",
    );
    machine
}

/// Returns a message as the file has it.
fn uevent(action: &str, variables: &[&str]) -> String {
    let fixed = [
        format!("{action}@{CARD}"),
        format!("ACTION={action}"),
        format!("DEVPATH={CARD}"),
        "SUBSYSTEM=pci".to_owned(),
    ];
    let more = variables.iter().map(|text| (*text).to_owned());
    fixed.into_iter().chain(more).collect::<Vec<_>>().join("\n")
}

fn record(machine: &Machine, uevents: &[String]) {
    machine.file("/dev/uevents", &format!("{}\n", uevents.join("\n\n")));
}

#[test]
fn what_the_module_tells_of_a_device_is_a_sentence() {
    let machine = machine();
    let told = |word: &str, by: &str| {
        let word = format!("OVERDRIVE={word}");
        let by = format!("OVERDRIVE_BY={by}");
        uevent("change", &[&word, &by, "OVERDRIVE_DRIVER=vfio-meta"])
    };
    record(
        &machine,
        &[
            told("done", "rebind"),
            told("rolled-back", "rebind"),
            told("bound", "rule:gpu"),
            told("failed", "rule:gpu"),
            told("stranded", "rebind"),
            told("from-the-future", "rebind"),
            uevent("change", &["OVERDRIVE=returned", "OVERDRIVE_DRIVER="]),
            uevent("change", &["CARRIER=1"]),
        ],
    );
    let output = machine.run(&["monitor"]);
    for text in [
        "moved to vfio-meta",
        "not moved to vfio-meta; everything is as it was",
        "got vfio-meta (rule gpu)",
        "vfio-meta did not take it (rule gpu)",
        "not moved to vfio-meta, and WITHOUT A DRIVER now",
        "something that this version does not know (rebind)",
        "back from a loan",
    ] {
        output.has(0, &format!("Z  pci/0000:00:06.0: {text}"));
    }
    assert_eq!(output.text.lines().count(), 7, "{}", output.text);
}

#[test]
fn a_device_that_is_discovered_in_the_place_of_another_is_a_near_miss() {
    let machine = machine();
    record(
        &machine,
        &[
            uevent("remove", &[]),
            uevent("add", &[]),
            uevent("bind", &["DRIVER=e1000e"]),
        ],
    );
    let output = machine.run(&["monitor"]);
    output.has(0, "pci/0000:00:06.0: gone\n");
    output.has(0, "pci/0000:00:06.0: discovered\n");
    output.has(
        0,
        "in the place that the rule other is for, but another device: modalias differs",
    );
    output.has(0, "pci/0000:00:06.0: bound to e1000e\n");
}

#[test]
fn events_for_programs_are_an_object_on_every_line() {
    let machine = machine();
    record(
        &machine,
        &[
            uevent("add", &[]),
            uevent(
                "change",
                &[
                    "OVERDRIVE=kept-off",
                    "OVERDRIVE_BY=rule:a",
                    "OVERDRIVE_DRIVER=none",
                ],
            ),
        ],
    );
    let output = machine.run(&["monitor", "--json"]);
    let lines: Vec<serde_json::Value> = output
        .text
        .lines()
        .map(|line| serde_json::from_str(line).expect("is JSON"))
        .collect();
    let events: Vec<&str> = lines
        .iter()
        .filter_map(|line| line["event"].as_str())
        .collect();
    assert_eq!(events, ["add", "near-miss", "kept-off"]);
    assert_eq!(lines[1]["rule"], "other");
    assert_eq!(lines[1]["differs"], "modalias");
    assert_eq!(lines[2]["device"], "0000:00:06.0");
    assert_eq!(lines[2]["by"], "rule:a");
}

#[test]
fn other_devices_than_those_that_are_named_are_not_told_of() {
    let machine = machine();
    machine.pci("pci0000:00/0000:00:07.0", "0200", Some("e1000e"));
    record(&machine, &[uevent("bind", &["DRIVER=e1000e"])]);
    assert_eq!(machine.run(&["monitor", "00:07.0"]).text, "");
    machine
        .run(&["monitor", "00:06.0"])
        .has(0, "bound to e1000e");
}

#[test]
fn a_device_that_can_have_no_override_is_not_followed() {
    let machine = machine();
    let text =
        "bind@/devices/platform/serial8250\nACTION=bind\nSUBSYSTEM=platform\nDRIVER=serial8250";
    machine.device("platform", "platform/serial8250", Some("serial8250"));
    record(&machine, &[text.to_owned()]);
    assert_eq!(machine.run(&["monitor"]).text, "");
}
