// SPDX-License-Identifier: GPL-2.0

//! The machines that QEMU emulates for the tests, as data.

use anyhow::{Context, Result};

use crate::{
    acpi,
    device_tree::{Node, Value},
    target::Arch,
};

/// The parts of one machine.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) name: &'static str,
    pub(crate) arch: Arch,
    /// The kind of machine and the devices that tests play with, for QEMU.
    args: &'static [&'static str],
    /// Its memory map changes while it runs; see [`crate::accel::Accel::args`].
    pub(crate) remaps: bool,
    /// The property of a device that gives the processors an x2APIC.
    pub(crate) x2apic: Option<&'static str>,
    /// Devices that the device tree has beside those of QEMU.
    pub(crate) nodes: &'static [Node],
    /// Makes an ACPI table that there is beside those of QEMU.
    pub(crate) table: Option<fn() -> Vec<u8>>,
    /// The virtio transport of the harness's own channels. Without event indices the next message
    /// makes up for a doorbell that was lost.
    pub(crate) ports: &'static str,
    pub(crate) memory_mib: u32,
    pub(crate) cpus: u32,
    /// The serial console as the kernel names it.
    pub(crate) console: &'static str,
    /// The words on the command line without which the kernel does not work on this machine.
    pub(crate) append: &'static str,
}

impl Machine {
    /// The arguments for QEMU, word by word.
    pub(crate) fn args(&self) -> impl Iterator<Item = &'static str> {
        self.args.iter().flat_map(|line| line.split_whitespace())
    }
}

/// PCI behind an Intel IOMMU.
///
/// On the root bus every function has an IOMMU group of its own. What is behind the PCIe-to-PCI
/// bridge shares one. The ports rp0 to rp3 are empty, for hot-plug.
static Q35: Machine = Machine {
    name: "q35",
    arch: Arch::X86_64,
    args: &[
        "-M q35,kernel-irqchip=split",
        "-device intel-iommu,intremap=on",
        // Two that nothing but their address tells apart.
        "-device edu,id=edu0,addr=04.0",
        "-device edu,id=edu1,addr=05.0",
        "-device e1000e,id=nic0,romfile=,addr=06.0",
        "-device e1000e,id=nic1,romfile=,addr=07.0",
        "-device virtio-net-pci,id=vnet0,romfile=,disable-legacy=on,iommu_platform=on,addr=08.0",
        "-device virtio-rng-pci,id=vrng0,disable-legacy=on,iommu_platform=on,addr=09.0",
        "-device pci-testdev,id=testdev0,addr=0a.0",
        "-object memory-backend-ram,id=shm0,size=1M,share=on",
        "-device ivshmem-plain,id=ivshmem0,memdev=shm0,addr=0d.0",
        // A disk that keeps what is written to it until the guest ends.
        "-drive if=none,id=disk0,file=null-co://,file.size=16777216,file.read-zeroes=on,format=raw,\
         snapshot=on",
        "-device virtio-blk-pci,id=vblk0,drive=disk0,disable-legacy=on,iommu_platform=on,addr=14.0",
        // A device of the PNP bus that can be done without: COM2.
        "-chardev null,id=null0",
        "-device isa-serial,index=1,chardev=null0",
        // Two whose standard driver is a module: nothing has probed them when the guest's init runs.
        "-device sdhci-pci,id=sd0,addr=0e.0",
        "-device sdhci-pci,id=sd1,addr=0f.0",
        // An NVMe controller with virtual functions, which exist below a root port only.
        "-device pcie-root-port,id=rpn,chassis=10,slot=10,addr=0b.0",
        "-device nvme-subsys,id=subsys0",
        "-device nvme,id=nvme0,serial=overdrive,bus=rpn,subsys=subsys0,sriov_max_vfs=4,\
         sriov_vq_flexible=8,sriov_vi_flexible=4,max_ioqpairs=10,msix_qsize=6",
        // Several functions in one group.
        "-device pcie-root-port,id=rpb,chassis=11,slot=11,addr=0c.0",
        "-device pcie-pci-bridge,id=bridge0,bus=rpb",
        "-device edu,id=edu2,bus=bridge0,addr=01.0",
        "-device edu,id=edu3,bus=bridge0,addr=02.0",
        "-device e1000,id=nic2,romfile=,bus=bridge0,addr=03.0",
        // A switch between a port and a network card; its other port is empty.
        "-device pcie-root-port,id=rps,chassis=12,slot=12,addr=16.0",
        "-device x3130-upstream,id=switch0,bus=rps",
        "-device xio3130-downstream,id=port0,bus=switch0,chassis=13,slot=13,addr=00.0",
        "-device xio3130-downstream,id=port1,bus=switch0,chassis=14,slot=14,addr=01.0",
        "-device e1000e,id=nic3,romfile=,bus=port0",
        // Empty.
        "-device pcie-root-port,id=rp0,chassis=1,slot=1,addr=10.0",
        "-device pcie-root-port,id=rp1,chassis=2,slot=2,addr=11.0",
        "-device pcie-root-port,id=rp2,chassis=3,slot=3,addr=12.0",
        "-device pcie-root-port,id=rp3,chassis=4,slot=4,addr=13.0",
    ],
    remaps: true,
    x2apic: Some("intel-iommu.eim=on"),
    nodes: &[],
    table: Some(acpi::reset_of_firmware_configuration),
    ports: "virtio-serial-pci,id=ports,addr=1e.0,event_idx=off",
    // The kernel's VFIO selftests map 2 GiB, half of it a huge page; the host gives what is used.
    memory_mib: 4096,
    cpus: 2,
    console: "ttyS0",
    // Whether the timer ticks is tried out in real time: on a busy host the guest would give up.
    append: "reboot=t no_timer_check tsc=reliable",
};

/// Two devices behind ports of their own, of which the second is found on the second bus.
static Q35_ALONE: Machine = Machine {
    name: "q35-alone",
    args: &[
        "-M q35",
        "-device pcie-root-port,id=rp0,chassis=1,slot=1,addr=10.0",
        "-device e1000e,id=nic0,romfile=,mac=52:54:00:aa:bb:01,bus=rp0",
        "-device pcie-root-port,id=rp1,chassis=2,slot=2,addr=11.0",
        "-device edu,id=edu0,bus=rp1",
    ],
    x2apic: None,
    table: None,
    memory_mib: 512,
    ..Q35
};

/// The same machine after a card was put in front of them, which is found on the first bus.
static Q35_CARD: Machine = Machine {
    name: "q35-card",
    args: &[
        "-M q35",
        "-device pcie-root-port,id=rp0,chassis=1,slot=1,addr=10.0",
        "-device e1000e,id=nic0,romfile=,mac=52:54:00:aa:bb:01,bus=rp0",
        "-device pcie-root-port,id=rp1,chassis=2,slot=2,addr=11.0",
        "-device edu,id=edu0,bus=rp1",
        "-device pcie-root-port,id=rpf,chassis=3,slot=3,addr=02.0",
        "-device e1000e,id=nicf,romfile=,mac=52:54:00:aa:bb:02,bus=rpf",
    ],
    ..Q35_ALONE
};

/// Platform devices without an IOMMU: virtio-mmio.
static MICROVM: Machine = Machine {
    name: "microvm",
    arch: Arch::X86_64,
    args: &[
        "-M microvm,acpi=off,rtc=on,pit=on,pic=on,isa-serial=on,auto-kernel-cmdline=on",
        "-global virtio-mmio.force-legacy=false",
        "-device virtio-rng-device,id=vrng0",
        "-device virtio-rng-device,id=vrng1",
        "-device virtio-net-device,id=vnet0",
        "-blockdev driver=null-co,node-name=disk0,size=1048576,read-zeroes=on",
        "-device virtio-blk-device,id=vblk0,drive=disk0",
    ],
    remaps: false,
    x2apic: None,
    nodes: &[],
    table: None,
    ports: "virtio-serial-device,id=ports",
    memory_mib: 512,
    cpus: 2,
    console: "ttyS0",
    append: "reboot=t no_timer_check tsc=reliable tsc_early_khz=1000000",
};

/// Platform devices that ACPI describes: virtio-mmio with level-triggered interrupts, a USB
/// controller whose registers have pages of their own, and the firmware configuration's I/O ports; and a
/// PCI device.
///
/// The kernel's own vfio-platform can have them as well: it wants firmware that describes a device.
static MICROVM_ACPI: Machine = Machine {
    name: "microvm-acpi",
    arch: Arch::X86_64,
    args: &[
        // No timer that a kernel with ACPI does not know of here: its first interrupt, which nobody
        // masks, would be an exception in the boot.
        "-M microvm,acpi=on,rtc=on,pit=off,pic=on,isa-serial=on,usb=on,pcie=on,auto-kernel-cmdline=off",
        "-global virtio-mmio.force-legacy=false",
        "-device virtio-rng-device,id=vrng0",
        "-device virtio-rng-device,id=vrng1",
        "-device virtio-net-device,id=vnet0",
        // What vfio-pci costs, on the same machine.
        "-device edu,id=edu0",
    ],
    remaps: false,
    x2apic: None,
    nodes: &[],
    table: None,
    ports: "virtio-serial-device,id=ports",
    memory_mib: 512,
    cpus: 2,
    console: "ttyS0",
    append: "reboot=t tsc_early_khz=1000000",
};

/// Larger than any number that QEMU gives a node of its own.
const RESET_CONTROLLER: u32 = 0x0010_0000;

/// Platform and AMBA devices of a device tree, and PCI behind an SMMUv3.
///
/// Every PCI device has an IOMMU group of its own, which the functions of one device share: the
/// kernel's SMMUv3 driver has no support for more than one device behind a bridge to conventional
/// PCI. There is no port for hot-plug: without ACPI it is the kernel's pciehp that serves it, of
/// which lockdep reports a circular dependency between reset_lock and pci_rescan_remove_lock.
///
/// The registers of the devices that are added to the tree are in the last part of memory, which the
/// kernel is told to leave alone. They keep what is written to them, and do nothing.
static VIRT: Machine = Machine {
    name: "virt",
    arch: Arch::Arm64,
    args: &[
        "-M virt,iommu=smmuv3,gic-version=3",
        "-global virtio-mmio.force-legacy=false",
        "-device virtio-rng-device,id=vrng0",
        "-device virtio-rng-device,id=vrng1",
        "-device virtio-net-device,id=vnet0",
        "-blockdev driver=null-co,node-name=disk0,size=1048576,read-zeroes=on",
        "-device virtio-blk-device,id=vblk0,drive=disk0",
        // Two that nothing but their address tells apart.
        "-device edu,id=edu0,addr=04.0",
        "-device edu,id=edu1,addr=05.0",
        "-device e1000e,id=nic0,romfile=,addr=06.0",
        "-device e1000e,id=nic1,romfile=,addr=07.0",
        "-device pci-testdev,id=testdev0,addr=0a.0",
        // Two whose standard driver is a module: nothing has probed them when the guest's init runs.
        "-device sdhci-pci,id=sd0,addr=0e.0",
        "-device sdhci-pci,id=sd1,addr=0f.0",
        // Several functions in one group.
        "-device edu,id=edu2,multifunction=on,addr=0c.0",
        "-device edu,id=edu3,addr=0c.1",
        "-device e1000,id=nic2,romfile=,addr=0c.2",
    ],
    remaps: true,
    x2apic: None,
    nodes: &[
        Node {
            name: "ethernet@fff51000",
            properties: &[
                ("compatible", Value::Text("calxeda,hb-xgmac")),
                ("reg", Value::Cells(&[0, 0xfff5_1000, 0, 0x1000])),
                // Shared peripheral interrupts that the machine has nothing at, level-triggered.
                ("interrupts", Value::Cells(&[0, 80, 4, 0, 81, 4, 0, 82, 4])),
            ],
        },
        Node {
            name: "reset-controller@fff52000",
            properties: &[
                ("compatible", Value::Text("snps,dw-high-reset")),
                ("reg", Value::Cells(&[0, 0xfff5_2000, 0, 0x1000])),
                ("#reset-cells", Value::Cells(&[1])),
                ("phandle", Value::Cells(&[RESET_CONTROLLER])),
            ],
        },
        // Its first region has room for huge pages. The second is the reset controller's, so that its
        // user can see what is done there.
        Node {
            name: "dma-controller@ff800000",
            properties: &[
                ("compatible", Value::Text("snps,axi-dma-1.01a")),
                (
                    "reg",
                    Value::Cells(&[0, 0xff80_0000, 0, 0x40_0000, 0, 0xfff5_2000, 0, 0x1000]),
                ),
                ("resets", Value::Cells(&[RESET_CONTROLLER, 3])),
            ],
        },
        // Two that share a reset line. The registers of the second begin at an address that allows
        // accesses of two bytes, and no longer ones.
        Node {
            name: "dma-controller@fff53000",
            properties: &[
                ("compatible", Value::Text("snps,axi-dma-1.01a")),
                (
                    "reg",
                    Value::Cells(&[0, 0xfff5_3000, 0, 0x1000, 0, 0xfff5_2000, 0, 0x1000]),
                ),
                ("resets", Value::Cells(&[RESET_CONTROLLER, 4])),
            ],
        },
        Node {
            name: "dma-controller@fff54002",
            properties: &[
                ("compatible", Value::Text("snps,axi-dma-1.01a")),
                ("reg", Value::Cells(&[0, 0xfff5_4002, 0, 0x20])),
                ("resets", Value::Cells(&[RESET_CONTROLLER, 4])),
            ],
        },
    ],
    table: None,
    ports: "virtio-serial-device,id=ports",
    // From 1 GiB on, so that it ends at 4 GiB.
    memory_mib: 3072,
    cpus: 2,
    console: "ttyAMA0",
    append: "mem=2G",
};

/// Eight devices whose drivers have work to do, for a set of them: q35 with nothing else.
static Q35_SET: Machine = Machine {
    name: "q35-set",
    arch: Arch::X86_64,
    args: &[
        "-M q35,kernel-irqchip=split",
        "-device intel-iommu,intremap=on",
        "-device e1000e,id=nic0,romfile=,addr=04.0",
        "-device e1000e,id=nic1,romfile=,addr=05.0",
        "-device e1000e,id=nic2,romfile=,addr=06.0",
        "-device e1000e,id=nic3,romfile=,addr=07.0",
        "-device nvme,id=nvme0,serial=set0,addr=08.0",
        "-device nvme,id=nvme1,serial=set1,addr=09.0",
        "-device nvme,id=nvme2,serial=set2,addr=0a.0",
        "-device nvme,id=nvme3,serial=set3,addr=0b.0",
    ],
    remaps: true,
    x2apic: Some("intel-iommu.eim=on"),
    nodes: &[],
    table: None,
    ports: "virtio-serial-pci,id=ports,addr=1e.0,event_idx=off",
    memory_mib: 1024,
    cpus: 2,
    console: "ttyS0",
    append: "reboot=t no_timer_check tsc=reliable",
};

/// Those that tests are run on.
pub(crate) static ALL: &[&Machine] = &[&Q35, &Q35_ALONE, &Q35_CARD, &MICROVM, &MICROVM_ACPI, &VIRT];

/// Those that there are for figures only.
static FOR_FIGURES: &[&Machine] = &[&Q35_SET];

/// The machine of an architecture that does for most purposes.
pub(crate) fn of(arch: Arch) -> &'static Machine {
    match arch {
        Arch::X86_64 => &Q35,
        Arch::Arm64 => &VIRT,
    }
}

pub(crate) fn by_name(name: &str) -> Result<&'static Machine> {
    ALL.iter()
        .chain(FOR_FIGURES)
        .copied()
        .find(|machine| machine.name == name)
        .with_context(|| {
            let names: Vec<_> = ALL.iter().map(|machine| machine.name).collect();
            format!("no machine is named {name}; there are {}", names.join(", "))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        for machine in ALL.iter().chain(FOR_FIGURES) {
            let found = by_name(machine.name).expect("is listed");
            assert!(std::ptr::eq(found, *machine));
        }
        assert!(by_name("pdp11").is_err());
    }

    #[test]
    fn every_argument_is_one_word() {
        // A continuation inside a string literal must not leave blanks in an argument.
        for machine in ALL.iter().chain(FOR_FIGURES) {
            assert!(
                machine.args().all(|word| !word.ends_with(',')),
                "{}",
                machine.name
            );
        }
    }
}
