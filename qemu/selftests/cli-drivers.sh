#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A device that is given back has the driver that is for it, or it is said why not; a rule's driver is loaded, and its
# bus extended.
#
# Machines: q35
# Timeout: 240

. ./lib.sh
. ./devices.sh
. ./overdrive.sh
. ./cli.sh

nic=$(pci_devices 8086:10d3 | head -n 1)
sd=0000:00:0e.0
require "$nic"
require_device $sd
load_overdrive
plan 14

modprobe sdhci-pci
rmmod sdhci-pci
exits 0 bind $sd vfio-meta
check "a device whose driver is not loaded is given back" exits 0 release $sd
check "the driver of a device that is given back is loaded" is_bound $sd sdhci-pci

modprobe vfio-pci
echo 8086 10d3 >/sys/bus/pci/drivers/vfio-pci/new_id
exits 0 bind "$nic" vfio-pci
check "a driver that keeps a device by a dynamic ID is no success" exits 1 release "$nic"
check "a dynamic ID that keeps a device is told with what helps" says "/sys/bus/pci/drivers/vfio-pci/remove_id"
echo 8086 10d3 >/sys/bus/pci/drivers/vfio-pci/remove_id
unbind "$nic"
check "a device is given back when no dynamic ID keeps it" exits 0 release "$nic"
check "a device that no dynamic ID keeps has its own driver" is_bound "$nic" e1000e

rmmod vfio-pci
check "a rule is made for a driver that is not loaded" exits 0 rule add --apply n "device=$nic" driver=vfio-pci
check "the driver of a rule that is applied is loaded" is_bound "$nic" vfio-pci
cli rule del n
cli release "$nic"
rmmod vfio-pci
exits 0 rule add n "device=$nic" driver=no-such-driver
check "a driver that nobody brings is told" says "no module of that name brings it"
cli rule del n

if [ -d /sys/kernel/config/overdrive-buses ]; then
	check "a rule on a bus without overrides is made" exits 0 rule add u bus=usb 'modalias=usb:*ic08*' driver=none
	check "the bus is extended for a rule" test -d /sys/kernel/config/overdrive-buses/usb
	check "a bus that a rule has extended is told" says "the bus usb has driver_override from now on"
	cli rule del u
	cli bus del usb
	rule u bus=usb 'modalias=usb:*ic08*' driver=none
	check "doctor tells of a rule on a bus without overrides" finds rule-on-plain-bus
	cli bus add usb
	check "doctor says nothing of a rule on an extended bus" finds_not rule-on-plain-bus
	cli rule del u
	cli bus del usb
else
	for name in "a rule on a bus without overrides is made" "the bus is extended for a rule" "a bus that a rule has extended is told" \
		"doctor tells of a rule on a bus without overrides" "doctor says nothing of a rule on an extended bus"; do
		skip "$name" "this overdrive can't extend buses"
	done
fi
unload_overdrive
rmmod sdhci-pci
finish
