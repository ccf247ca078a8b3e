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

[ -d /sys/module/overdrive ] || skip_all "nobody loaded overdrive at boot"
require_device $goes $stays $smbus
plan 12

check "there are two identical devices" is "$(identity $goes)" "$(identity $stays)"
check "their standard driver is loaded" test -d /sys/bus/pci/drivers/sdhci-pci
check "one goes" is_as $goes vfio-meta vfio-meta
check "by its rule" has_status $goes by rule:boot
check "one stays" is_as $stays sdhci-pci "(null)"
check "the standard driver has probed the one that stays only" is "$(probes sdhci_pci_probe)" 1

check "a slot from the command line holds" is_as $smbus vfio-meta vfio-meta
check "by its name" has_status $smbus by slot
check "its standard driver is loaded" test -d /sys/bus/pci/drivers/i801_smbus
check "and has probed nothing" is "$(probes i801_probe)" 0

# Shows that the count works.
rebind $smbus ""
check "it does when it may" is "$(probes i801_probe)" 1
rebind $goes ""
check "and the other one" is "$(probes sdhci_pci_probe)" 2
unload_overdrive
finish
