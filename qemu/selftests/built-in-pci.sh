#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# overdrive as a part of the kernel, and so are the drivers of the devices: its rules on the kernel command line
# come before the first probe. vfio-pci is built in as well, and is told by its own parameter which devices to take.
#
# Machines: q35
# Flavors: built-in
# Append: "overdrive.rules=name=disk,device=0000:01:00.0,driver=vfio-meta" "overdrive.rules=name=card,path=00:06.0,driver=vfio-meta;name=edu,device=0000:00:04.0,driver=vfio-meta;bus=virtio,modalias=virtio:d00000004v*,driver=none;rubbish" overdrive.slots=(00:0a.0) overdrive.buses=virtio overdrive.platform_driver=vfio-meta-platform vfio-pci.ids=1234:11e8 kprobe_event=p:probes/nvme_probe,nvme_probe;p:probes/virtrng_probe,virtrng_probe

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

disk=0000:01:00.0
card=0000:00:06.0
twin=0000:00:07.0
edu=0000:00:04.0
other_edu=0000:00:05.0
slot=0000:00:0a.0

require_device $disk $card $twin $edu $other_edu $slot
plan 24

check "overdrive is a part of the kernel" is_built_in
check "a rule that is part of a parameter can be read" \
	grep -q "name=disk,.*;name=card," /sys/module/overdrive/parameters/rules
check "a bad rule on the command line costs that entry" grep -q rubbish /sys/module/overdrive/parameters/rules

check "a rule on the command line has given a disk away" is_as $disk vfio-meta vfio-meta
check "a disk that is given away has the rule's name" has_status $disk by rule:disk
check "the disk's driver, which is built in, has not probed it" is "$(probes nvme_probe)" 0
check "a second parameter has added rules to the first" is_as $card vfio-meta vfio-meta
check "the twin of a network card that is given away has its standard driver" is_as $twin e1000e "(null)"
check "a rule wins over the IDs that vfio-pci was given" is_as $edu vfio-meta vfio-meta
check "vfio-pci has the device of its IDs that no rule names" is_as $other_edu vfio-pci "(null)"
check "a slot on the command line holds" is_as $slot vfio-meta vfio-meta
check "a device in a slot is by=slot in the kernel too" has_status $slot by slot

check "a bus on the command line is extended before its devices come" \
	is "$(cat /sys/bus/virtio/devices/*/driver_override | grep -c none)" 1
check "no driver has probed a virtio device that a rule keeps for nobody" is "$(probes virtrng_probe)" 0

check "the driver has a link to overdrive, which is no module" \
	is "$(basename "$(readlink /sys/bus/pci/drivers/vfio-meta/module)")" overdrive
check "the version can be read" test -s /sys/module/overdrive/version

# Shows that the count works.
rebind $disk ""
check "the disk's driver probes it when it may" is "$(probes nvme_probe)" 1
check "a disk that was given away works with its standard driver" is_as $disk nvme "(null)"
rebind $disk vfio-meta
check "a disk goes to the VFIO driver again" is_as $disk vfio-meta vfio-meta

check "a rule is made at run time" rule late "device=$twin" driver=vfio-meta
echo 1 >$rules/late/apply
check "a rule of the running system moves a device" is_as $twin vfio-meta vfio-meta
rmdir $rules/late
rebind $twin ""

exec 9<>/dev/overdrive
check "devices are lent" sh -c "echo 'lend driver=vfio-meta pci/$other_edu pci/$twin' >&9"
check "a device on loan has the driver" is_bound $twin vfio-meta
exec 9>&-
check "a device on loan goes back" comes_to $other_edu driver vfio-pci
finish
