// SPDX-License-Identifier: GPL-2.0

//! The part of `--help` below the options.

/// Below the list of commands.
pub(super) const MAIN: &str = "\
DEVICE is a name on any bus (0000:03:00.0, 03:00.0, 1-2:1.0), a network interface (eth0), a disk (sda,
/dev/disk/by-id/...), a screen (card0, renderD128), any file in /dev, the ID of a PCI or USB device if there is just
one (10de:2204), or a folder in sysfs.

To give a network card to a virtual machine, and to have it back:
  overdrive bind eth1 vfio-meta
  overdrive release 0000:03:00.0

overdrive COMMAND --help says more. Exit status:
  0  done; for doctor, check and plan: nothing is wrong
  1  failed, and everything is as it was; for doctor and check: something is wrong; for plan and restore: an entry is
     bad, and the others hold
  2  wrong usage
  3  refused: the device is in use
  4  there is no such device, driver, rule, slot or bus
  5  the module overdrive is needed and not loaded
  6  failed, and a device is without a driver now";

/// For `list` and `tree`.
pub(super) const SHOW: &str = "\
overdrive list and overdrive tree show the devices that could get another driver: those of PCI, and those of other
buses with driver_override that have a driver or an override. On a terminal, devices that userspace can have through
VFIO are green, those whose override is not their driver red, those without a driver dim.

OVERRIDE is the only driver that may have the device, \"none\" being the name of none. BY is what set it: the user, a
rule, a slot, or the kernel.";

/// For `bind`, `unbind` and `release`.
pub(super) const MOVE: &str = "\
bind moves devices to a driver, whose module is loaded if need be. unbind takes the driver away and keeps all others
off. release gives a device back to its standard driver.

With the module overdrive this is a transaction: it succeeds, or everything is as it was. Without it, the kernel's own
files are written one after the other, and put back if something fails.

A device is in use if a disk of it is mounted, swap, or a part of anything; if a network interface of it is up with an
address, a default route, or as a port of a bridge or bond; if it is the console, or shows it; if a process has a file
of it open or mapped, be it through VFIO, sound, a screen or a terminal; if it has virtual functions; if other devices
depend on it.

Several devices move together, or none of them does. bind --try takes it back after some seconds, unless you confirm,
there by typing yes, or from another terminal by overdrive confirm: for a device that you may need to reach the machine.

Example: a network card and all that shares its IOMMU group, for a virtual machine
  overdrive bind --group 0000:03:00.0 vfio-meta";

/// For `variant`.
pub(super) const VARIANT: &str = "\
Of the modules whose aliases match the device's own with the prefix vfio_, the one with the fewest asterisks is taken.
It is loaded, and the device bound to its driver as by overdrive bind. Among equals, the kernel's own modules come
before others, and then the first by name.";

/// For `rule`.
pub(super) const RULE: &str = "\
A rule gives devices their driver when they are discovered, before any driver probes them.

  device=NAME       the device's name, or a pattern; any spelling of a PCI address
  path=PATH         where a PCI device is plugged in, as the kernel's pci= parameters have it: 0000:00:1c.4/00.0
  parent=NAME       what it is plugged into, by name or path; for a virtual function, the physical one
  below=NAME        anything above it, whatever bridges are between
  firmware=PATH     its node in ACPI or the device tree
  serial=NUMBER     its serial number
  modalias=PATTERN  what kind of device it is; overdrive status tells a device's modalias
  vf=0-3,7          these virtual functions
  group_owned=1     its IOMMU group belongs to userspace
  bus=BUS           on this bus only; a bus without driver_override is extended
  driver=DRIVER     what it gets: a driver, none, @group for what the rest of its IOMMU group has, or @standard

At least one of those above bus, and driver. All that are given must match. The rule that says most wins.

A rule for one device that is here also gets its modalias and serial number: another device that is in its place
tomorrow is not meant. --place leaves that out. --for DEVICE writes all of it, by the path that stays the same when
buses get other numbers.

--try-boot is for a rule that the machine may not come up with. The boot that first has it takes it back after so many
seconds, unless you log in and say overdrive confirm: also where it waits for a disk that the rule has taken. The rule
is not tried again. 30 seconds are what most initramfs wait for a disk.

Examples: the second of two equal graphics cards is never for the host; nor is what is plugged into a port
  overdrive rule add --save gpu device=0000:65:00.0 driver=vfio-meta
  overdrive rule add port parent=0000:00:1c.4 driver=none";

/// For `run`.
pub(super) const RUN: &str = "\
The devices have the driver only as long as the command runs. Then they have what they had before, also if the command
crashes or is killed: the kernel does it, and not this program.

Example: a virtual machine with a network card
  overdrive run --with eth1 -- qemu-system-x86_64 -device vfio-pci,host=0000:03:00.0 ...";

/// For `explain` and `plan`.
pub(super) const FORESIGHT: &str = "\
Both ask the code that decides in the kernel. Nothing is changed.

overdrive plan tells what overdrive restore would do now, or with --boot, which drivers the devices that are here have
after the next boot, and who uses those that would lose theirs.";

/// For `survey`.
pub(super) const SURVEY: &str = "\
A line for each PCI device but bridges. WHY NOT names what keeps userspace from it: who uses it, devices of its IOMMU
group that the host's drivers have, memory that the firmware uses. RESET is how the kernel can reset it between two
users; without a reset, the second one finds what the first one left. ACS is no if a port or bridge above it does not
say that it keeps devices apart, which is why they share a group. MODULES are those of this kernel that are for it, and
then those that hand it out.";

/// For `monitor`.
pub(super) const MONITOR: &str = "\
Prints a line for everything that happens to a device that can have an override: it is discovered, bound, unbound,
moved, lent, given back, kept without a driver, or gone; a rule's driver took it, or did not. A near miss is a device
in the place that a rule is for, which is not the device that the rule is for. Rules that are made, removed, or have
more hits are told within a second. It ends when it is interrupted, or nobody reads it any more.

Example: wait until a card that is plugged in has its driver
  overdrive monitor --json | jq --unbuffered 'select(.event == \"bound\")'";

/// For `import`.
pub(super) const IMPORT: &str = "\
Reads the files of driverctl in /etc/driverctl.d, and ids= of vfio-pci in modprobe.d and on the kernel's command line,
and shows a rule for each device of this machine that they give a driver: by its identity, so that another device in
its place, or another one of its kind, keeps its own. --save writes those rules; one of the same name that is saved
already is left alone.";

/// For `cdi`.
pub(super) const CDI: &str = "\
Prints a Container Device Interface specification (JSON) with a device for each one that can be opened through VFIO.
The names of files for VFIO can change when a device is bound again; then make it again.

Example: a container with a device
  overdrive bind 0000:03:00.0 vfio-meta
  overdrive cdi >/etc/cdi/overdrive.json
  podman run --device overdrive/vfio=0000:03:00.0 ...";

/// For `slot`.
pub(super) const SLOT: &str = "\
A slot is a place whose device the meta driver seizes when it is discovered. For PCI it is an address as xen-pciback
writes it, [DDDD:]BB:SS.F, where SS and F can be *; for platform devices, platform/NAME. A device that is there already
and has a driver keeps it until it is released.

Example: all functions of one card
  overdrive slot add '0000:03:00.*'";

/// For `bus`.
pub(super) const BUS: &str = "\
Gives driver_override, rules and transactions to the devices of a bus that the kernel leaves without.

  --scope restrict  the driver that is named must also match the device (default)
  --scope force     it need not, on buses where that is safe";

/// For `save`, `restore` and `check`.
pub(super) const STORE: &str = "\
overdrive save writes the rules, slots and extended buses that are in force to /etc/overdrive.d, or only the rules that
are named. There is a file NAME.rule for each rule, with FIELD = TEXT on every line, and the files slots and buses.
They can be written by hand; overdrive check tells what is wrong in them.

overdrive restore puts in force what is there and is not in force yet. It loads the module, if need be. An entry that
is bad, or whose device is in use, is named, and the others hold. At boot, overdrive.service does it; an initramfs that
was built after save does it even before the first driver is loaded.

OVERDRIVE_SAVED in the environment names another folder than /etc/overdrive.d.";

/// For `doctor`.
pub(super) const DOCTOR: &str = "\
Looks for what is in the way of handing devices over: the module, the IOMMU, rules, what is saved, and devices whose
override is not their driver. For a device that is named also who uses it, and who else is in its IOMMU group.

A line begins with \"bad\" or \"note\" and ends with the finding's name in brackets, which stays the same in later
versions. The line after it says what helps. The exit status is 1 if anything is bad.";
