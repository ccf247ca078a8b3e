// SPDX-License-Identifier: GPL-2.0

//! The schemas of what programs are told: every `--json` has one, and its output keeps to it.

use std::{collections::HashSet, fs, path::PathBuf};

use clap::CommandFactory;
use jsonschema::{Draft, Validator};
use overdrive::args::Args;
use serde_json::Value;

use super::machine::{Machine, Output};

/// Returns the schema for the output of a command.
fn schema(command: &str) -> Validator {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("schemas/{command}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    let schema: Value = serde_json::from_str(&text).expect("a schema is JSON");
    assert!(jsonschema::meta::is_valid(&schema), "{command}");
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .build(&schema)
        .expect("a schema can be used")
}

#[track_caller]
fn keeps_to(command: &str, text: &str) -> Value {
    let value: Value = serde_json::from_str(text).unwrap_or_else(|why| panic!("{why}: {text}"));
    let validator = schema(command);
    let errors: Vec<String> = validator
        .iter_errors(&value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{command}: {errors:#?}\n{text}");
    value
}

/// Checks the output of a command, and that it has something in it that could be wrong.
#[track_caller]
fn is_told(command: &str, output: &Output, pointer: &str) -> Value {
    let value = keeps_to(command, &output.out);
    assert!(value.pointer(pointer).is_some(), "{pointer}: {value:#}");
    value
}

/// Returns a machine with a card that the user has moved, one that is bound to VFIO, saved rules, and one in force.
fn machine() -> Machine {
    let machine = Machine::new();
    let card = machine.pci("pci0000:00/0000:00:06.0", "0200", Some("e1000e"));
    machine.file(&format!("{card}/reset_method"), "flr bus");
    machine.node(&card, "net", "eth0", "1:1");
    let other = machine.pci("pci0000:00/0000:00:07.0", "0200", Some("vfio-meta"));
    machine.file(&format!("{other}/driver_override"), "vfio-meta");
    machine.file(
        &format!("{other}/overdrive/status"),
        "driver=vfio-meta override=vfio-meta by=user rebind=rolled-back:-5 owned=yes lent=yes",
    );
    machine.dir(&format!("{other}/vfio-dev/vfio3"));
    for (device, group) in [(&card, 11), (&other, 12)] {
        let folder = format!("/sys/kernel/iommu_groups/{group}");
        let name = device.rsplit('/').next().unwrap_or_default();
        machine.link(&format!("{device}/iommu_group"), &folder);
        machine.link(&format!("{folder}/devices/{name}"), device);
    }
    machine.file("/dev/vfio/12", "");
    machine.file("/dev/vfio/vfio", "");
    machine.dir("/sys/module/overdrive");
    machine.file(
        "/sys/module/overdrive/parameters/rules",
        "name=nics,modalias=pci:v00008086*,driver=vfio-meta;name=one,device=0000:00:06.0,driver=none;name=other,device=0000:00:07.0,modalias=pci:v00001234*,driver=none",
    );
    let rule = "/sys/kernel/config/overdrive-rules/mine";
    for (file, text) in [
        ("enabled", "1"),
        ("hits", "3"),
        ("device", "0000:00:07.0"),
        ("driver", "none"),
    ] {
        machine.file(&format!("{rule}/{file}"), text);
    }
    machine.file(
        "/etc/overdrive.d/good.rule",
        "device = 0000:00:06.0\ndriver = vfio-meta",
    );
    machine.file("/etc/overdrive.d/bad.rule", "vendor = 10de\ndriver = none");
    machine.file("/etc/overdrive.d/my gpu.rule", "driver = none");
    machine
}

/// Adds the command and those below it that have the option `--json`, as file names.
fn with_json(command: &clap::Command, path: &[&str], found: &mut Vec<String>) {
    for inner in command.get_subcommands() {
        let path = [path, &[inner.get_name()]].concat();
        let has_option = inner
            .get_arguments()
            .any(|argument| argument.get_long() == Some("json"));
        if has_option {
            found.push(path.join("-"));
        }
        with_json(inner, &path, found);
    }
}

#[test]
fn every_output_for_programs_has_a_schema() {
    let mut found = Vec::new();
    with_json(&Args::command(), &[], &mut found);
    assert!(found.len() > 10, "{found:?}");
    for command in found {
        // Both have the same objects.
        schema(if command == "tree" { "list" } else { &command });
    }
}

#[test]
fn tables_of_devices_keep_to_their_schema() {
    let machine = machine();
    is_told("list", &machine.run(&["list", "--json"]), "/1/rebind");
    is_told("list", &machine.run(&["tree", "--all", "--json"]), "/1/by");
    let told = is_told(
        "status",
        &machine.run(&["status", "--json", "00:06.0", "00:07.0"]),
        "/1/lent",
    );
    assert_eq!(told[0]["names"][0], "eth0");
    is_told("survey", &machine.run(&["survey", "--json"]), "/devices/1");
}

#[test]
fn findings_keep_to_their_schema() {
    let machine = machine();
    is_told("doctor", &machine.run(&["doctor", "--json"]), "/0/id");
    let told = is_told("check", &machine.run(&["check", "--json"]), "/1/text");
    let lines: HashSet<bool> = told
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| row["line"].is_null())
        .collect();
    assert_eq!(lines.len(), 2, "{told:#}");
}

#[test]
fn what_is_told_of_rules_keeps_to_its_schema() {
    let machine = machine();
    let rules = machine.run(&["rule", "list", "--json"]);
    let told = is_told("rule-list", &rules, "/4/rule");
    assert_eq!(told[3]["hits"], 3);
    let explained = machine.run(&["explain", "00:06.0", "--json"]);
    is_told("explain", &explained, "/3/verdict");
    let planned = machine.run(&["plan", "--boot", "--json"]);
    is_told("plan", &planned, "/moves/1/to");
    is_told("plan", &machine.run(&["plan", "--json"]), "/problems/0");
    let restored = machine.run(&["restore", "--json"]);
    is_told("restore", &restored, "/problems/0");
}

#[test]
fn rules_from_elsewhere_keep_to_their_schema() {
    let machine = machine();
    machine.file("/etc/driverctl.d/pci-0000:00:06.0", "vfio-pci");
    machine.file("/etc/driverctl.d/pci-0000:00:1f.0", "vfio-pci");
    let imported = machine.run(&["import", "--json"]);
    is_told("import", &imported, "/rules/0/from");
}

#[test]
fn events_keep_to_their_schema() {
    let machine = machine();
    let head = "@/devices/pci0000:00/0000:00:07.0\nSUBSYSTEM=pci";
    let words = [
        "done",
        "lent",
        "returned",
        "rolled-back",
        "deferred",
        "stranded",
        "bound",
        "failed",
        "kept-off",
        "new",
    ];
    let mut messages = vec![format!("add{head}"), format!("bind{head}\nDRIVER=e1000e")];
    messages.extend(words.map(|word| {
        format!("change{head}\nOVERDRIVE={word}\nOVERDRIVE_BY=rule:a\nOVERDRIVE_DRIVER=")
    }));
    messages.extend([format!("unbind{head}"), format!("remove{head}")]);
    machine.file("/dev/uevents", &format!("{}\n", messages.join("\n\n")));
    let output = machine.run(&["monitor", "--json"]);
    assert_eq!(
        output.out.lines().count(),
        messages.len() + 1,
        "{}",
        output.text
    );
    for line in output.out.lines() {
        keeps_to("monitor", line);
    }
}

#[test]
fn devices_for_containers_keep_to_the_specification() {
    let machine = machine();
    let told = is_told(
        "cdi",
        &machine.run(&["cdi"]),
        "/devices/0/containerEdits/deviceNodes/0",
    );
    let names: Vec<&str> = told["devices"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|device| device["name"].as_str())
        .collect();
    let unique: HashSet<&str> = names.iter().copied().collect();
    assert_eq!(names.len(), unique.len());
}

#[test]
fn a_schema_refuses_what_container_runtimes_refuse() {
    let validator = schema("cdi");
    let specification = |kind: &str, name: &str, nodes: &str| {
        let text = format!(
            r#"{{"cdiVersion": "0.5.0", "kind": "{kind}", "devices": [{{"name": "{name}", "containerEdits": {{{nodes}}}}}], "containerEdits": {{}}}}"#
        );
        let value: Value = serde_json::from_str(&text).expect("is JSON");
        validator.is_valid(&value)
    };
    let nodes = r#""deviceNodes": [{"path": "/dev/vfio/1"}]"#;
    assert!(specification("overdrive/vfio", "0000:00:06.0", nodes));
    assert!(!specification("overdrive", "0000:00:06.0", nodes));
    assert!(!specification("1overdrive/vfio", "0000:00:06.0", nodes));
    assert!(!specification("overdrive/vfio", "0000:00:06.0-", nodes));
    assert!(!specification("overdrive/vfio", "a b", nodes));
    assert!(!specification("overdrive/vfio", "", nodes));
    assert!(!specification("overdrive/vfio", "0000:00:06.0", ""));
}
