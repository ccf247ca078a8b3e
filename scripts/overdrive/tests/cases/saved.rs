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
        (
            "a.rule",
            "device = a\ndriver = none\ntrial = soon",
            3,
            "seconds from 1 to 3600 expected",
        ),
        (
            "a.rule",
            "device = a\ntrial = 5\ntrial = 6\ndriver = none",
            3,
            "the rule has trial already",
        ),
        (
            "a.rule",
            "device = a\ntrial = failed\ndriver = none",
            2,
            "a boot took the rule back",
        ),
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

#[test]
fn a_file_from_another_system_is_read() {
    let machine = machine();
    machine.bytes(
        "/etc/overdrive.d",
        b"dos.rule",
        b"\xef\xbb\xbf# mine\r\n\tdevice\t=\t0000:00:07.0\r\ndriver = none\r\n",
    );
    machine.bytes(
        "/etc/overdrive.d",
        b"slots",
        b"\xef\xbb\xbf65:00.0\r\n65:00.0\n",
    );
    machine.run(&["check"]).has(0, "rules: 2, slots: 1");
}

#[test]
fn what_is_in_a_file_by_mistake_is_named() {
    for (name, text, why) in [
        (
            "a.rule",
            &b"device = \"0000:00:06.0\"\ndriver = none"[..],
            ":1: device = \"0000:00:06.0\": quotes",
        ),
        (
            "a.rule",
            b"device = 0000:00:06.0\ndriver = vfio-pci#mine",
            ":2: a comment",
        ),
        (
            "a.rule",
            b"device = 0000:00:06.0\ndriver = none\ndevice = 0000:00:07.0",
            ":3: the rule has the field device already",
        ),
        (
            "a.rule",
            b"device = 0000:00:06.0\rdriver = none\r",
            "\\rdriver",
        ),
        (
            "a.rule",
            b"device = caf\xe9\ndriver = none",
            ":1: device = caf",
        ),
        (
            "a.rule",
            b"[rule]\ndevice = a\ndriver = none",
            ":1: '[rule]' is not FIELD = TEXT",
        ),
        ("a.rule", b"", "it has no driver"),
        (
            "buses",
            b"usb restrict\nusb force",
            ":2: line 1 has the bus usb with restrict",
        ),
    ] {
        let machine = machine();
        machine.bytes("/etc/overdrive.d", name.as_bytes(), text);
        let checked = machine.run(&["check"]);
        checked.has(1, &format!("/etc/overdrive.d/{name}"));
        checked.has(1, why);
        machine.run(&["restore", "--print"]).has(1, "name=good");
    }
}

#[test]
fn what_is_no_file_is_named_and_never_waited_for() {
    let machine = machine();
    machine.dir("/etc/overdrive.d/folder.rule");
    machine.any_link("/etc/overdrive.d/dangling.rule", "nowhere");
    machine.any_link("/etc/overdrive.d/endless.rule", "/dev/zero");
    machine.pipe("/etc/overdrive.d/pipe.rule");
    machine.bytes("/etc/overdrive.d", b"huge.rule", &vec![b'\n'; 2 << 20]);
    machine.bytes("/etc/overdrive.d", b"n\xf6.rule", GOOD.as_bytes());
    let checked = machine.run(&["check"]);
    checked.has(1, "folder.rule: it is a folder");
    checked.has(1, "dangling.rule: it is a link to what is not there");
    checked.has(1, "endless.rule: it is no regular file");
    checked.has(1, "pipe.rule: it is no regular file");
    checked.has(1, "huge.rule: it is longer than");
    checked.has(1, ".rule: its name is not in UTF-8");
    machine.run(&["restore", "--print"]).has(1, "name=good");
}

#[test]
fn a_folder_that_can_not_be_read_is_named() {
    let machine = Machine::new();
    machine.file("/etc/overdrive.d", "a file");
    machine.run(&["check"]).has(1, "/etc/overdrive.d: ");
    let machine = Machine::new();
    machine.dir("/etc");
    machine.run(&["check"]).has(0, "rules: 0");
    machine.any_link("/etc/overdrive.d", "nowhere");
    machine
        .run(&["check"])
        .has(1, "it is a link to what is not there");
}

/// The machine, with a mounted disk that a rule in force would take.
fn with_root() -> Machine {
    let machine = machine();
    let folder = machine.pci("pci0000:00/0000:00:08.0", "0108", Some("nvme"));
    machine.node(&format!("{folder}/nvme/nvme0"), "block", "nvme0n1", "259:0");
    machine.file(
        "/proc/1/mountinfo",
        "22 1 259:0 / / rw - ext4 /dev/nvme0n1 rw",
    );
    machine.dir("/sys/module/overdrive");
    let rule = "/sys/kernel/config/overdrive-rules/disk";
    machine.file(&format!("{rule}/device"), "0000:00:08.0");
    machine.file(&format!("{rule}/driver"), "none");
    machine.file(&format!("{rule}/enabled"), "1");
    machine
}

#[test]
fn save_refuses_what_the_next_boot_needs() {
    for arguments in [&["save"][..], &["save", "disk"]] {
        let machine = with_root();
        machine
            .run(arguments)
            .has(3, "nvme0n1 is mounted on /, which the next boot would lose");
        assert!(machine.text("/etc/overdrive.d/disk.rule").is_empty());
        let mut forced = arguments.to_vec();
        forced.push("--force");
        machine.run(&forced).has(0, "disk.rule");
        assert!(
            machine
                .text("/etc/overdrive.d/disk.rule")
                .contains("driver = none")
        );
    }
}

#[test]
fn doctor_tells_what_the_next_boot_would_lose() {
    let machine = with_root();
    let before = machine.run(&["doctor"]);
    before.lacks("next-boot-loses");
    machine.file(
        "/etc/overdrive.d/disk.rule",
        "device = 0000:00:08.0\ndriver = none",
    );
    machine.run(&["doctor"]).has(
        1,
        "nvme0n1 is mounted on /, and the next boot gives it to none, by disk",
    );
}

#[test]
fn plan_foresees_slots_and_buses_as_restore_takes_them() {
    let machine = machine();
    let folder = machine.device("usb", "pci0000:00/0000:00:14.0/usb1/1-1", Some("usb"));
    machine.file(&format!("{folder}/modalias"), "usb:v1234p5678");
    machine.file(
        "/etc/overdrive.d/stick.rule",
        "bus = usb\nmodalias = usb:v1234*\ndriver = none",
    );
    machine.pci("pci0000:00/0000:00:08.0", "0200", None);
    machine.file(
        "/etc/overdrive.d/slots",
        "0000:00:07.0\n0000:00:08.0\n0000:00:09.0",
    );
    let folder = machine.pci("pci0000:00/0000:00:09.0", "0108", Some("nvme"));
    machine.node(&format!("{folder}/nvme/nvme0"), "block", "nvme0n1", "259:0");
    machine.file("/proc/swaps", "Filename\n/dev/nvme0n1 partition 1 0 -2");
    let plan = machine.run(&["plan"]);
    plan.has(0, "slot 0000:00:07.0 would be put in force.");
    plan.has(
        0,
        "slot 0000:00:07.0: 0000:00:07.0 keeps e1000e until it is released.",
    );
    plan.lacks("0000:00:07.0  e1000e");
    plan.has(
        0,
        "0000:00:08.0  none    vfio-meta      slot 0000:00:08.0  nobody",
    );
    plan.lacks("slot 0000:00:09.0 would be");
    plan.has(0, "0000:00:09.0  nvme    stays, in use");
    plan.has(0, "bus usb would be put in force.");
    plan.has(0, "1-1           usb     none           stick");
}

#[test]
fn plan_and_restore_mean_the_same_bus_where_a_rule_names_none() {
    let machine = machine();
    let rule = "modalias = usb:v1234*\ndriver = none";
    machine.file("/etc/overdrive.d/stick.rule", rule);
    machine
        .run(&["restore", "--modules"])
        .has(0, "usbcore\nvfio-meta\n");
    let folder = machine.device("usb", "pci0000:00/0000:00:14.0/usb1/1-1", Some("usb"));
    machine.file(&format!("{folder}/modalias"), "usb:v1234p5678");
    let plan = machine.run(&["plan"]);
    plan.has(0, "bus usb would be put in force.");
    plan.has(0, "1-1           usb     none       stick");
}

#[test]
fn plan_knows_a_driver_by_another_spelling_and_by_its_module() {
    for spelling in ["VFIO_pci", "vfio_pci_module"] {
        let machine = machine();
        machine.pci("pci0000:00/0000:00:09.0", "0200", Some("vfio-pci"));
        machine.dir("/sys/module/vfio_pci_module/drivers/pci:vfio-pci");
        machine.file(
            "/etc/overdrive.d/there.rule",
            &format!("device = 0000:00:09.0\ndriver = {spelling}"),
        );
        for arguments in [&["plan"][..], &["plan", "--boot"]] {
            machine.run(arguments).lacks("0000:00:09.0");
        }
    }
}

#[test]
fn plan_names_a_driver_that_can_not_come() {
    let machine = machine();
    machine.file(
        "/lib/modules/7.3.0/modules.dep",
        "updates/overdrive.ko:\nkernel/vfio-pci.ko:",
    );
    machine.file(
        "/lib/modules/7.3.0/modules.alias",
        "alias vfio-meta overdrive",
    );
    machine.file(
        "/etc/overdrive.d/b.rule",
        "device = 0000:00:07.0\ndriver = vfio-pcie",
    );
    let plan = machine.run(&["plan"]);
    plan.has(1, "b.rule:1: no bus has the driver vfio-pcie");
    plan.lacks("driver vfio-meta");
}

#[test]
fn explain_tells_what_is_saved_and_not_in_force() {
    let machine = machine();
    let saved = machine.run(&["explain", "00:06.0"]);
    saved.has(
        0,
        "When 0000:00:06.0 is discovered, it gets its standard driver.",
    );
    saved.has(0, "after overdrive restore, it gets vfio-meta, by good.");
    machine.run(&["explain", "00:07.0"]).lacks("restore");
}

#[test]
fn plan_tells_that_the_module_came_with_another_rule_of_the_name() {
    let machine = machine();
    machine.file(
        "/sys/module/overdrive/parameters/rules",
        "name=good,device=0000:00:07.0,driver=none",
    );
    let plan = machine.run(&["plan"]);
    plan.has(
        1,
        "good.rule: the module was loaded with another rule of this name",
    );
    plan.has(1, "No device would get another driver.");
}

#[test]
fn plan_forgets_the_rule_that_a_changed_file_replaces() {
    let machine = machine();
    machine.dir("/sys/module/overdrive");
    let rule = "/sys/kernel/config/overdrive-rules/good";
    machine.file(&format!("{rule}/device"), "0000:00:07.0");
    machine.file(&format!("{rule}/driver"), "vfio-meta");
    machine.file(&format!("{rule}/enabled"), "1");
    let plan = machine.run(&["plan"]);
    plan.has(0, "0000:00:06.0  e1000e  vfio-meta  good  nobody");
    plan.lacks("0000:00:07.0");
}

#[test]
fn a_card_that_no_driver_has_yet_is_given_away_at_boot() {
    for (driver, then) in [
        (None, "none    vfio-meta  gpu"),
        (Some("amdgpu"), "amdgpu  stays, in use  gpu"),
    ] {
        let machine = Machine::new();
        let folder = machine.pci("pci0000:00/0000:00:09.0", "0300", driver);
        machine.file(&format!("{folder}/boot_vga"), "1");
        machine.file("/sys/class/tty/console/active", "tty0");
        machine.file(
            "/sys/class/vtconsole/vtcon1/name",
            "(M) frame buffer device",
        );
        machine.file("/sys/class/vtconsole/vtcon1/bind", "1");
        let screen = format!("{folder}/simple-framebuffer.0/graphics/fb0");
        machine.dir(&screen);
        machine.link("/sys/class/graphics/fb0", &screen);
        machine.file(
            "/etc/overdrive.d/gpu.rule",
            "device = 0000:00:09.0\ndriver = vfio-meta",
        );
        let plan = machine.run(&["plan"]);
        plan.has(0, "fb0 shows the console");
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words(&plan.text).contains(&words(then)), "{}", plan.text);
    }
}

#[test]
fn a_rule_on_trial_is_no_parameter_that_can_not_be_taken_back() {
    let machine = machine();
    machine.file(
        "/etc/overdrive.d/tried.rule",
        "device = 0000:00:07.0\ndriver = none\ntrial = 20",
    );
    let printed = machine.run(&["restore", "--print"]);
    printed.has(0, "rules=name=good,");
    printed.lacks("tried");
}

#[test]
fn nothing_to_confirm_is_said() {
    machine().run(&["confirm"]).has(4, "no rule on trial");
}

#[test]
fn a_rule_on_trial_is_confirmed_for_good() {
    let machine = machine();
    let file = "/etc/overdrive.d/tried.rule";
    machine.file(
        file,
        "# mine\ndevice = 0000:00:07.0\ntrial = 20\ndriver = none",
    );
    machine.file("/run/overdrive/trial-tried", "pending");
    machine.run(&["doctor"]).has(1, "[rule-on-trial]");
    machine.run(&["confirm"]).has(0, "rule tried: confirmed");
    assert_eq!(
        machine.text(file),
        "# mine\ndevice = 0000:00:07.0\ndriver = none\n"
    );
    machine.run(&["confirm"]).has(4, "nothing waits");
}

#[test]
fn a_rule_that_was_taken_back_is_noted_in_its_file() {
    let machine = machine();
    let file = "/etc/overdrive.d/tried.rule";
    machine.file(file, "device = 0000:00:07.0\ndriver = none\ntrial = 20");
    machine.file("/run/overdrive/trial-tried", "taken back");
    machine.run(&["trial", "tried", "0"]).has(0, "");
    machine.run(&["check"]).has(
        1,
        "/etc/overdrive.d/tried.rule:3: a boot took the rule back",
    );
}

#[test]
fn a_bus_in_capital_letters_is_the_bus_of_that_name() {
    let machine = machine();
    machine.dir("/sys/module/overdrive");
    machine.dir("/sys/kernel/config/overdrive-rules");
    let added = machine.run(&[
        "rule",
        "add",
        "r",
        "bus=PCI",
        "device=00:06.0",
        "driver=none",
    ]);
    assert!(
        added.text.contains("bus=PCI is written bus=pci"),
        "{}",
        added.text
    );
}

#[test]
fn a_rule_that_somebody_removed_is_not_noted_as_taken_back() {
    let machine = machine();
    let file = "/etc/overdrive.d/tried.rule";
    machine.file(file, "device = 0000:00:07.0\ndriver = none\ntrial = 20");
    machine.file("/run/overdrive/trial-tried", "removed");
    machine.run(&["trial", "tried", "0"]).has(0, "");
    assert!(machine.text(file).contains("trial = 20"));
}
