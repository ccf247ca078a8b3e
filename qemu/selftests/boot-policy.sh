#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Policy from boot: the initramfs loads overdrive, whose rules and slots are on the kernel command
# line, and then the standard drivers. They never probe what a rule or a slot gives away. The calls of
# their probe functions are counted from before init on.
#
# Machines: q35
# Timeout: 60
# Append: OVERDRIVE_LOAD=overdrive,sdhci-pci,i2c-i801 overdrive.rules=name=boot,device=0000:00:0e.0,driver=vfio-meta overdrive.slots=(00:1f.3) kprobe_event=p:probes/sdhci_pci_probe,sdhci_pci:sdhci_pci_probe;p:probes/i801_probe,i2c_i801:i801_probe

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

goes=0000:00:0e.0
stays=0000:00:0f.0
smbus=0000:00:1f.3

# identity DEVICE: all that a driver could tell it by.
identity() {
	cat "/sys/bus/pci/devices/$1/modalias" "/sys/bus/pci/devices/$1/revision"
}

require_device $goes $stays $smbus
plan 13

check "overdrive was loaded with its rules from the kernel command line" test -d /sys/module/overdrive
[ -d /sys/module/overdrive ] || modprobe overdrive
check "there are two identical devices at boot" is "$(identity $goes)" "$(identity $stays)"
check "the standard driver of the identical devices is loaded" test -d /sys/bus/pci/drivers/sdhci-pci
check "a rule from the command line gives one of them away" is_as $goes vfio-meta vfio-meta
check "a device that is given away at boot has the rule's name" has_status $goes by rule:boot
check "the twin of a device that is given away at boot keeps its standard driver" is_as $stays sdhci-pci "(null)"
check "the standard driver has probed the twin that stays only" is "$(probes sdhci_pci_probe)" 1

check "a slot from the command line holds" is_as $smbus vfio-meta vfio-meta
check "a device in a slot is by=slot" has_status $smbus by slot
check "the standard driver of the device in a slot is loaded" test -d /sys/bus/pci/drivers/i801_smbus
check "the standard driver has not probed the device in a slot" is "$(probes i801_probe)" 0

# Shows that the count works.
rebind $smbus ""
check "the standard driver probes the device that was in a slot when it may" is "$(probes i801_probe)" 1
rebind $goes ""
check "the standard driver probes the device that a rule gave away when it may" \
	is "$(probes sdhci_pci_probe)" 2
unload_overdrive
finish
