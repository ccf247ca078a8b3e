# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2030,SC2031,SC2034,SC2153,SC2154
#
# What --help teaches.

# help [COMMAND]
help() {
	case ${1:-} in
	'') help_main ;;
	list | tree | status) help_show ;;
	bind | unbind | release) help_move ;;
	rule | slot | bus | variant | doctor) "help_$1" ;;
	save | restore) help_store ;;
	*) usage_error "there is no command $1" ;;
	esac
}

help_main() {
	cat <<'HELP'
Usage: overdrive COMMAND [ARGUMENT]...

Decides which driver owns a device.

Looking:
  list                    devices with their IOMMU groups, drivers and overrides
  tree                    the same by bus and IOMMU group
  status DEVICE...        all about a device, and who uses it
  doctor [DEVICE...]      what is wrong, and what helps

Moving a device, now:
  bind DEVICE DRIVER      to another driver
  variant DEVICE          to the VFIO driver that knows most about it
  unbind DEVICE           to no driver
  release DEVICE          back to its standard driver

Deciding before the first probe:
  rule add|del|list       by address, port, kind of device or IOMMU group
  slot add|del|list       for the meta driver, by address
  bus add|del|list        driver_override for buses that lack it
  save, restore           keep all that across boots

DEVICE is a name on any bus (0000:03:00.0, 03:00.0, 1-2:1.0), a network interface (eth0), a disk (sda, /dev/nvme0n1), the
ID of a PCI or USB device if there is just one (10de:2204), or a folder in sysfs.

To give a network card to a virtual machine, and to have it back:
  overdrive bind eth1 vfio-meta
  overdrive release 0000:03:00.0

overdrive COMMAND --help says more. Exit status:
  0  done; for doctor: nothing is wrong
  1  failed, and everything is as it was; for doctor: something is wrong
  2  wrong usage
  3  refused: the device is in use
  4  there is no such device, driver, rule, slot or bus
  5  the module overdrive is needed and not loaded
  6  failed, and a device is without a driver now
HELP
}

help_show() {
	cat <<'HELP'
Usage: overdrive list [--all | --bus BUS]... [--json]
       overdrive tree [--all | --bus BUS]... [--json]
       overdrive status [--json] DEVICE...

list and tree show the devices that could get another driver: those of PCI, and those of other buses with
driver_override that have a driver or an override. On a terminal, devices that userspace can have through VFIO are
green, those whose override is not their driver red, those without a driver dim.

  --all, -a   all devices of all buses
  --bus BUS   all devices of this bus
  --json      for programs: an array of objects

OVERRIDE is the only driver that may have the device, "none" being the name of none. BY is what set it: the user, a
rule, or a slot.
HELP
}

help_move() {
	cat <<'HELP'
Usage: overdrive bind [--group] [--force] DEVICE DRIVER
       overdrive unbind [--group] [--force] DEVICE
       overdrive release [--group] [--force] DEVICE

bind moves a device to a driver, whose module is loaded if need be. unbind takes the driver away and keeps all others
off. release gives the device back to its standard driver.

With the module overdrive this is a transaction: it succeeds, or everything is as it was. Without it, the kernel's own
files are written one after the other, and put back if something fails.

  --group, -g  all devices of the device's IOMMU group but bridges: all, or none
  --force, -f  also a device in use

A device is in use if a disk of it is mounted, swap, or a part of a RAID or of logical volumes; if a network interface
of it is up with an address, a default route, or as a port of a bridge or bond; if it is the console, or shows it; if
a process has it through VFIO, or has its disk or screen open; if it has virtual functions.

Example: a network card and all that shares its IOMMU group, for a virtual machine
  overdrive bind --group 0000:03:00.0 vfio-meta
HELP
}

help_rule() {
	cat <<'HELP'
Usage: overdrive rule add [--apply] [--save] NAME FIELD=TEXT...
       overdrive rule del [--save] NAME
       overdrive rule list [--json]

A rule gives devices their driver when they are discovered, before any driver probes them.

  device=NAME       the device's name, or a pattern
  parent=NAME       what it is plugged into; for a virtual function, the physical one
  modalias=PATTERN  what kind of device it is; overdrive status tells a device's modalias
  group_owned=1     its IOMMU group belongs to userspace
  bus=BUS           on this bus only
  driver=DRIVER     what it gets: a driver, none, or @group for what the rest of its IOMMU group has

At least one of the first four, and driver. All that are given must match. The rule that says most wins.

  --apply  have it act on devices that are here already
  --save   also write it to /etc/overdrive.d, or remove it there; see overdrive save --help

Example: the second of two equal graphics cards is never for the host
  overdrive rule add --save gpu device=0000:65:00.0 driver=vfio-meta
HELP
}

help_slot() {
	cat <<'HELP'
Usage: overdrive slot add SLOT
       overdrive slot del SLOT
       overdrive slot list

A slot is a place whose device the meta driver seizes when it is discovered. For PCI it is an address as xen-pciback
writes it, [DDDD:]BB:SS.F, where SS and F can be *; for platform devices, platform/NAME.

Example: all functions of one card
  overdrive slot add '0000:03:00.*'
HELP
}

help_bus() {
	cat <<'HELP'
Usage: overdrive bus add [--scope restrict|force] BUS
       overdrive bus del BUS
       overdrive bus list

Gives driver_override, rules and transactions to the devices of a bus that the kernel leaves without.

  --scope restrict  the driver that is named must also match the device (default)
  --scope force     it need not, on buses where that is safe
HELP
}

help_variant() {
	cat <<'HELP'
Usage: overdrive variant [--all | --print] [--group] [--force] DEVICE

Hands a device to the VFIO driver that knows most about it: of the modules whose aliases match the device's own with
the prefix vfio_, the one with the fewest asterisks. It is loaded, and the device bound to its driver as by overdrive
bind. Among equals, the kernel's own modules come before others, and then the first by name.

  --all    list the candidates, best first: asterisks, module, alias; change nothing
  --print  only print the module that would be taken

The other options are those of overdrive bind.
HELP
}

help_store() {
	cat <<'HELP'
Usage: overdrive save [RULE...]
       overdrive restore [--print]

save writes the rules, slots and extended buses that are in force to /etc/overdrive.d, or only the rules that are
named. There is a file NAME.rule for each rule, with FIELD = TEXT on every line, and the files slots and buses. They
can be written by hand.

restore puts in force what is there and is not in force yet. It loads the module, if need be. At boot, overdrive.service
does it; an initramfs that was built after save does it even before the first driver is loaded.

  --print  only print the line for modprobe.d that does the same when the module is loaded

OVERDRIVE_SAVED in the environment names another folder than /etc/overdrive.d.
HELP
}

help_doctor() {
	cat <<'HELP'
Usage: overdrive doctor [--json] [DEVICE...]

Looks for what is in the way of handing devices over: the module, the IOMMU, rules, what is saved, and devices whose
override is not their driver. For a device that is named also who uses it, and who else is in its IOMMU group.

A line begins with "bad" or "note" and ends with the finding's name in brackets, which stays the same in later
versions. The line after it says what helps. The exit status is 1 if anything is bad.

  --json  for programs: an array of objects
HELP
}
