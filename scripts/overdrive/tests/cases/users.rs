// SPDX-License-Identifier: GPL-2.0

//! The users of a device.

use super::machine::Machine;

const NIC: &str = "pci0000:00/0000:00:06.0";
const NAME: &str = "0000:00:06.0";

fn machine(class: &str) -> (Machine, String) {
    let machine = Machine::new();
    let folder = machine.pci(NIC, class, Some("driver"));
    (machine, folder)
}

/// The device is refused, with this reason, and forced.
#[track_caller]
fn is_refused(machine: &Machine, why: &str) {
    machine.run(&["unbind", NAME]).has(3, why);
    machine.run(&["status", NAME]).has(0, why);
    let forced = machine.run(&["unbind", "--force", NAME]);
    assert_ne!(forced.status, 3, "{}", forced.text);
}

#[test]
fn a_device_that_nobody_uses_is_free() {
    let (machine, _) = machine("0200");
    machine.run(&["status", NAME]).has(0, "used by      nobody");
}

#[test]
fn a_sound_card_that_a_process_has_open_is_in_use() {
    let (machine, folder) = machine("0403");
    let card = machine.node(
        &format!("{folder}/sound/card0"),
        "sound",
        "controlC0",
        "116:2",
    );
    machine.file(&format!("{card}/uevent"), "DEVNAME=snd/controlC0");
    machine.process(42, "pipewire", "/dev/snd/controlC0");
    is_refused(&machine, "controlC0 is held by pipewire (pid 42)");
}

#[test]
fn a_render_node_that_a_process_has_open_is_in_use() {
    let (machine, folder) = machine("0300");
    let node = machine.node(&folder, "drm", "renderD128", "226:128");
    machine.file(&format!("{node}/uevent"), "DEVNAME=dri/renderD128");
    machine.process(43, "blender", "/dev/dri/renderD128");
    is_refused(&machine, "renderD128 is held by blender (pid 43)");
}

#[test]
fn a_device_of_which_only_a_mapping_is_left_is_in_use() {
    let (machine, folder) = machine("1200");
    machine.node(&folder, "uio", "uio0", "240:0");
    machine.file("/proc/44/comm", "daemon");
    machine.dir("/proc/44/fd");
    machine.file(
        "/proc/44/maps",
        "7f0000000000-7f0000001000 rw-s 00000000 00:05 345                        /dev/uio0",
    );
    is_refused(&machine, "uio0 is mapped by daemon (pid 44)");
}

#[test]
fn a_disk_that_is_mounted_in_a_container_is_in_use() {
    let (machine, folder) = machine("0108");
    machine.node(&format!("{folder}/nvme/nvme0"), "block", "nvme0n1", "259:0");
    machine.link("/proc/1/ns/mnt", "/mnt:[1]");
    machine.file("/proc/1/mountinfo", "22 1 254:0 / / rw - ext4 /dev/vda rw");
    machine.link("/proc/77/ns/mnt", "/mnt:[2]");
    machine.file(
        "/proc/77/mountinfo",
        "90 80 259:0 / /data rw shared:3 - xfs /dev/nvme0n1 rw",
    );
    is_refused(&machine, "nvme0n1 is mounted on /data");
}

#[test]
fn a_second_disk_of_a_btrfs_is_in_use() {
    let (machine, folder) = machine("0106");
    machine.node(&format!("{folder}/ata1/host0"), "block", "sdb", "8:16");
    machine.dir("/sys/fs/btrfs/uuid/devices/sda");
    machine.dir("/sys/fs/btrfs/uuid/devices/sdb");
    machine.file(
        "/proc/1/mountinfo",
        "30 1 0:40 / /srv rw - btrfs /dev/sda rw",
    );
    is_refused(&machine, "sdb is mounted on /srv");
}

#[test]
fn a_disk_below_encryption_and_logical_volumes_is_in_use() {
    let (machine, folder) = machine("0106");
    let disk = machine.node(&format!("{folder}/ata1/host0"), "block", "sda", "8:0");
    let part = format!("{disk}/sda1");
    machine.file(&format!("{part}/partition"), "1");
    machine.file(&format!("{part}/dev"), "8:1");
    machine.link("/sys/class/block/sda1", &part);
    let volume = machine.node("/sys/devices/virtual", "block", "dm-0", "253:0");
    machine.file(&format!("{volume}/dm/name"), "home");
    machine.file(&format!("{volume}/dm/uuid"), "CRYPT-LUKS2-0-home");
    machine.link(&format!("{part}/holders/dm-0"), &volume);
    machine.file(
        "/proc/1/mountinfo",
        "31 1 253:0 / /home rw - ext4 /dev/mapper/home rw",
    );
    is_refused(&machine, "sda1 is a part of dm-0 (home, encryption)");
    is_refused(&machine, "dm-0 (home, encryption) is mounted on /home");
}

#[test]
fn an_interface_below_a_bond_with_the_default_route_is_in_use() {
    let (machine, folder) = machine("0200");
    let port = format!("{folder}/net/eth0");
    machine.file(&format!("{port}/flags"), "0x1903");
    machine.link("/sys/class/net/eth0", &port);
    let bond = "/sys/devices/virtual/net/bond0";
    machine.file(&format!("{bond}/flags"), "0x1403");
    machine.link("/sys/class/net/bond0", bond);
    machine.link(&format!("{port}/master"), bond);
    machine.link(&format!("{port}/upper_bond0"), bond);
    machine.file(
        "/proc/net/route",
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n\
         bond0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000",
    );
    is_refused(&machine, "eth0 is up and a port of bond0");
    is_refused(&machine, "bond0 is up and has the default route");
}

#[test]
fn an_interface_in_another_network_namespace_is_in_use() {
    let (machine, folder) = machine("0200");
    machine.dir(&format!("{folder}/net"));
    is_refused(&machine, "is in another network namespace");
}

#[test]
fn the_card_that_shows_the_firmwares_screen_is_in_use() {
    let (machine, folder) = machine("0300");
    machine.file(&format!("{folder}/boot_vga"), "1");
    machine.file("/sys/class/tty/console/active", "tty0");
    machine.file(
        "/sys/class/vtconsole/vtcon1/name",
        "(M) frame buffer device",
    );
    machine.file("/sys/class/vtconsole/vtcon1/bind", "1");
    let screen = "/sys/devices/platform/simple-framebuffer.0";
    machine.dir(&format!("{screen}/graphics/fb0"));
    machine.link(&format!("{screen}/graphics/fb0/device"), screen);
    machine.link("/sys/class/graphics/fb0", &format!("{screen}/graphics/fb0"));
    is_refused(&machine, "shows the console, which the firmware has set up");
}

#[test]
fn a_supplier_with_a_consumer_is_in_use() {
    let (machine, folder) = machine("0300");
    machine.file(
        &format!("{folder}/consumer:pci:0000:00:06.1/status"),
        "active",
    );
    is_refused(&machine, "0000:00:06.1 depends on it");
}

#[test]
fn a_link_that_the_kernel_does_not_track_is_no_use() {
    let (machine, folder) = machine("0300");
    machine.file(
        &format!("{folder}/consumer:pci:0000:00:06.1/status"),
        "not tracked",
    );
    machine.run(&["status", NAME]).has(0, "nobody");
}

#[test]
fn a_physical_function_with_virtual_ones_is_in_use() {
    let (machine, folder) = machine("0200");
    machine.file(&format!("{folder}/sriov_numvfs"), "4");
    is_refused(&machine, "4 virtual functions exist only with its driver");
}

#[test]
fn a_device_that_the_kernel_calls_owned_is_in_use() {
    let (machine, folder) = machine("0200");
    machine.file(
        &format!("{folder}/overdrive/status"),
        "driver=vfio-meta override=vfio-meta by=user rebind=done owned=yes lent=no",
    );
    is_refused(
        &machine,
        "is open through VFIO, by a process that can't be seen",
    );
}

#[test]
fn a_device_that_is_open_through_vfio_is_in_use_by_its_path_in_fdinfo() {
    let (machine, _) = machine("0200");
    machine.process(45, "qemu", "anon_inode:[vfio-device]");
    machine.file(
        "/proc/45/fdinfo/3",
        &format!("pos:\t0\nvfio-device-syspath: /sys/devices/{NIC}"),
    );
    is_refused(&machine, "is held by qemu (pid 45)");
}

#[test]
fn a_card_that_a_process_computes_with_is_in_use() {
    let (machine, _) = machine("0302");
    machine.file(
        &format!("/proc/driver/nvidia/gpus/{NAME}/information"),
        "Model: \t\t GPU\nDevice Minor: \t 3",
    );
    machine.process(46, "python3", "/dev/nvidia3");
    is_refused(&machine, "nvidia3 is held by python3 (pid 46)");
}

#[test]
fn a_watchdog_that_runs_is_in_use() {
    let (machine, folder) = machine("0880");
    let dog = machine.node(&folder, "watchdog", "watchdog0", "247:0");
    machine.run(&["status", NAME]).has(0, "nobody");
    machine.file(&format!("{dog}/state"), "active");
    is_refused(&machine, "watchdog0 runs");
}

#[test]
fn a_watchdog_that_is_open_under_its_old_name_is_in_use() {
    let (machine, folder) = machine("0880");
    machine.node(&folder, "watchdog", "watchdog0", "247:0");
    machine.process(47, "wd_keepalive", "/dev/watchdog");
    is_refused(&machine, "watchdog0 is held by wd_keepalive (pid 47)");
}

#[test]
fn the_console_of_a_virtual_machine_is_in_use() {
    let (machine, folder) = machine("0780");
    machine.file("/sys/class/tty/console/active", "tty0 hvc0");
    let port = machine.device("virtio", &format!("{NIC}/virtio0"), Some("virtio_console"));
    assert!(port.starts_with(&folder));
    is_refused(&machine, "hvc0 is the console");
}

#[test]
fn the_card_that_shows_text_without_a_frame_buffer_is_in_use() {
    let (machine, folder) = machine("0300");
    machine.file(&format!("{folder}/boot_vga"), "1");
    machine.file("/sys/class/tty/console/active", "tty0");
    machine.file("/sys/class/vtconsole/vtcon0/name", "(S) VGA+");
    machine.file("/sys/class/vtconsole/vtcon0/bind", "1");
    is_refused(&machine, "shows the console");
}

#[test]
fn an_interface_of_a_virtio_device_in_another_network_namespace_is_in_use() {
    let (machine, folder) = machine("0200");
    machine.dir(&format!("{folder}/virtio0/net"));
    is_refused(&machine, "is in another network namespace");
}

#[test]
fn an_interface_that_a_virtual_machine_has_by_macvtap_is_in_use() {
    let (machine, folder) = machine("0200");
    let port = format!("{folder}/net/eth0");
    machine.file(&format!("{port}/flags"), "0x1003");
    machine.link("/sys/class/net/eth0", &port);
    let tap = "/sys/devices/virtual/net/macvtap0";
    machine.file(&format!("{tap}/flags"), "0x1003");
    machine.link("/sys/class/net/macvtap0", tap);
    machine.link(&format!("{port}/upper_macvtap0"), tap);
    machine.run(&["status", NAME]).has(0, "nobody");
    machine.node(&format!("{tap}/tap7"), "macvtap", "tap7", "240:7");
    machine.process(48, "qemu", "/dev/tap7");
    is_refused(&machine, "tap7 is held by qemu (pid 48)");
}

#[test]
fn an_interface_that_carries_the_kernel_log_is_in_use() {
    let (machine, folder) = machine("0200");
    let port = format!("{folder}/net/eth0");
    machine.file(&format!("{port}/flags"), "0x1003");
    machine.link("/sys/class/net/eth0", &port);
    machine.file("/sys/kernel/config/netconsole/a/dev_name", "eth0");
    machine.file("/sys/kernel/config/netconsole/a/enabled", "1");
    is_refused(&machine, "eth0 carries the kernel log");
}

#[test]
fn the_interface_of_a_root_over_the_network_is_needed_at_boot() {
    let (machine, folder) = machine("0200");
    let port = format!("{folder}/net/eth0");
    machine.file(&format!("{port}/flags"), "0x1003");
    machine.link("/sys/class/net/eth0", &port);
    machine.file(
        "/proc/net/if_inet6",
        "fd000000000000000000000000000001 02 40 00 80     eth0",
    );
    machine.file(
        "/proc/1/mountinfo",
        "22 1 0:20 / / rw - nfs4 server:/root rw",
    );
    is_refused(&machine, "and / comes over the network");
    machine.file(
        "/etc/overdrive.d/nic.rule",
        &format!("device = {NAME}\ndriver = none"),
    );
    machine.run(&["doctor"]).has(1, "next-boot-loses");
}

#[test]
fn a_disk_that_is_exported_to_other_machines_is_in_use() {
    let (machine, folder) = machine("0108");
    machine.node(&format!("{folder}/nvme/nvme0"), "block", "nvme0n1", "259:0");
    let space = "/sys/kernel/config/nvmet/subsystems/nqn.a/namespaces/1";
    machine.file(&format!("{space}/device_path"), "/dev/nvme0n1");
    machine.file(&format!("{space}/enable"), "1");
    is_refused(&machine, "nvme0n1 is exported as nqn.a");
}

#[test]
fn a_folder_of_the_host_that_is_mounted_by_its_tag_is_in_use() {
    let (machine, folder) = machine("0180");
    let share = machine.device("virtio", &format!("{NIC}/virtio0"), Some("9pnet_virtio"));
    machine.file(&format!("{share}/mount_tag"), "home");
    machine.file(
        "/proc/1/mountinfo",
        "40 1 0:50 / /home rw - 9p home rw,trans=virtio",
    );
    is_refused(&machine, "home is mounted on /home");
    machine.file(&format!("{share}/mount_tag"), "other");
    machine.link("/sys/fs/virtiofs/1/device", &share);
    machine.file("/sys/fs/virtiofs/1/tag", "root");
    machine.file("/proc/1/mountinfo", "22 1 0:20 / / rw - virtiofs root rw");
    is_refused(&machine, "root is mounted on /");
    assert!(folder.ends_with(NAME));
}

#[test]
fn a_file_of_a_process_whose_first_thread_has_ended_is_seen() {
    let (machine, folder) = machine("1200");
    machine.node(&folder, "uio", "uio0", "240:0");
    machine.file("/proc/49/comm", "daemon");
    machine.dir("/proc/49/fd");
    machine.dir("/proc/49/task/49/fd");
    machine.process(50, "worker", "/dev/uio0");
    machine.move_to("/proc/50", "/proc/49/task/50");
    is_refused(&machine, "uio0 is held by daemon (pid 49)");
}

#[test]
fn an_interface_of_usb_that_a_process_has_claimed_is_in_use() {
    let machine = Machine::new();
    let stick = machine.device("usb", "pci0000:00/0000:00:14.0/usb1/1-2", Some("usb"));
    machine.file(&format!("{stick}/dev"), "189:1");
    machine.file(&format!("{stick}/uevent"), "DEVNAME=bus/usb/001/002");
    let path = "pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0";
    let interface = machine.device("usb", path, Some("usbfs"));
    machine.file(&format!("{interface}/driver_override"), "(null)");
    machine.process(51, "scanner", "/dev/bus/usb/001/002");
    machine
        .run(&["unbind", "1-2:1.0"])
        .has(3, "1-2 is held by scanner (pid 51)");
}

#[test]
fn any_device_file_that_a_process_has_open_is_a_use() {
    for (place, class, name, node) in [
        (
            "0003:046D:C52B.0001/hidraw/hidraw0",
            "hidraw",
            "hidraw0",
            "hidraw0",
        ),
        ("tpmrm/tpmrm0", "tpmrm", "tpmrm0", "tpmrm0"),
        (
            "usb1/1-2/1-2:1.0/ttyUSB0/tty/ttyUSB0",
            "tty",
            "ttyUSB0",
            "ttyUSB0",
        ),
        ("i2c-7/i2c-dev/i2c-7", "i2c-dev", "i2c-7", "i2c-7"),
        ("ptp/ptp0", "ptp", "ptp0", "ptp0"),
        (
            "infiniband_verbs/uverbs0",
            "infiniband_verbs",
            "uverbs0",
            "infiniband/uverbs0",
        ),
        (
            "ata1/host0/target0:0:0/0:0:0:0/scsi_generic/sg0",
            "scsi_generic",
            "sg0",
            "sg0",
        ),
        ("usb1/1-2", "usb", "1-2", "bus/usb/001/002"),
        (
            "vdpa0/vhost-vdpa-0",
            "vhost-vdpa",
            "vhost-vdpa-0",
            "vhost-vdpa-0",
        ),
    ] {
        let (machine, folder) = machine("0c03");
        let file = format!("{folder}/{place}");
        machine.file(&format!("{file}/dev"), "240:0");
        machine.file(&format!("{file}/uevent"), &format!("DEVNAME={node}"));
        machine.link(&format!("{file}/subsystem"), &format!("/sys/class/{class}"));
        machine.process(60, "holder", &format!("/dev/{node}"));
        is_refused(&machine, &format!("{name} is held by holder (pid 60)"));
    }
}

#[test]
fn an_interface_below_a_vlan_is_in_use() {
    let (machine, folder) = machine("0200");
    let port = format!("{folder}/net/eth0");
    machine.file(&format!("{port}/flags"), "0x1003");
    machine.link("/sys/class/net/eth0", &port);
    let vlan = "/sys/devices/virtual/net/eth0.10";
    machine.file(&format!("{vlan}/flags"), "0x1003");
    machine.link("/sys/class/net/eth0.10", vlan);
    machine.link(&format!("{port}/upper_eth0.10"), vlan);
    machine.run(&["status", NAME]).has(0, "nobody");
    machine.file(
        "/proc/net/if_inet6",
        "20010db8000000000000000000000001 03 40 00 80 eth0.10",
    );
    is_refused(&machine, "eth0.10 is up with the address 2001:db8::1/64");
}

#[test]
fn an_interface_below_a_vlan_in_a_bridge_is_in_use() {
    let (machine, folder) = machine("0200");
    let port = format!("{folder}/net/eth0");
    machine.file(&format!("{port}/flags"), "0x1003");
    machine.link("/sys/class/net/eth0", &port);
    let vlan = "/sys/devices/virtual/net/eth0.10";
    let bridge = "/sys/devices/virtual/net/br0";
    machine.file(&format!("{vlan}/flags"), "0x1003");
    machine.file(&format!("{bridge}/flags"), "0x1002");
    machine.link("/sys/class/net/eth0.10", vlan);
    machine.link("/sys/class/net/br0", bridge);
    machine.link(&format!("{port}/upper_eth0.10"), vlan);
    machine.link(&format!("{vlan}/master"), bridge);
    machine.link(&format!("{vlan}/upper_br0"), bridge);
    is_refused(&machine, "eth0.10 is up and a port of br0");
}
