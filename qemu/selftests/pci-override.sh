#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# PCI devices go to the meta driver and back by their override alone, and only those that were
# named: a second device with the same ID stays where it is.
#
# Machines: q35 virt

. ./lib.sh
. ./devices.sh

# A device that has a standard driver, and its twin; a device that has none.
nic=$(pci_devices 8086:10d3 | sed -n 1p)
twin=$(pci_devices 8086:10d3 | sed -n 2p)
edu=$(pci_devices 1234:11e8 | sed -n 1p)
edu_twin=$(pci_devices 1234:11e8 | sed -n 2p)

[ -n "$twin" ] || skip_all "needs two e1000e network cards"
[ -d /sys/bus/pci/drivers/e1000e ] || skip_all "the kernel has no e1000e"
[ -n "$edu_twin" ] || skip_all "needs two edu devices"
load_overdrive
plan 17

check "the standard driver has a PCI device at first" is_bound "$nic" e1000e
check "the standard driver has the identical PCI device at first" is_bound "$twin" e1000e

# The three writes of the commit that introduced driver_override.
echo vfio-meta > "/sys/bus/pci/devices/$nic/driver_override"
echo "$nic" > "/sys/bus/pci/devices/$nic/driver/unbind"
echo "$nic" > /sys/bus/pci/drivers_probe
check "override, unbind and probe give a PCI device to the VFIO driver" is_bound "$nic" vfio-meta
check "a PCI device keeps its driver when its twin is given away" is_bound "$twin" e1000e

echo > "/sys/bus/pci/devices/$nic/driver_override"
check "clearing the override unbinds no PCI device" is_bound "$nic" vfio-meta
echo "$nic" > "/sys/bus/pci/devices/$nic/driver/unbind"
echo "$nic" > /sys/bus/pci/drivers_probe
check "clear, unbind and probe give a PCI device back" is_bound "$nic" e1000e

echo none > "/sys/bus/pci/devices/$nic/driver_override"
echo "$nic" > "/sys/bus/pci/devices/$nic/driver/unbind"
echo "$nic" > /sys/bus/pci/drivers_probe
check "an override of none keeps a PCI device without a driver" is_bound "$nic" none
check "the VFIO driver refuses a PCI device whose override is none" \
	fails_with ENODEV /sys/bus/pci/drivers/vfio-meta/bind "$nic"
check "the standard driver refuses a PCI device whose override is none" \
	fails_with ENODEV /sys/bus/pci/drivers/e1000e/bind "$nic"

echo no-such-driver > "/sys/bus/pci/devices/$nic/driver_override"
echo "$nic" > /sys/bus/pci/drivers_probe
check "a name that no driver has binds no PCI device" is_bound "$nic" none

echo vfio-met > "/sys/bus/pci/devices/$nic/driver_override"
echo "$nic" > /sys/bus/pci/drivers_probe
check "the beginning of a driver's name binds no PCI device" is_bound "$nic" none

echo > "/sys/bus/pci/devices/$nic/driver_override"
check "the VFIO driver refuses a PCI device without an override" \
	fails_with ENODEV /sys/bus/pci/drivers/vfio-meta/bind "$nic"
echo "$nic" > /sys/bus/pci/drivers_probe
check "the standard driver takes a PCI device without an override" is_bound "$nic" e1000e

# A device that no driver wants.
check "an edu device has no standard driver" is_bound "$edu" none
echo vfio-meta > "/sys/bus/pci/devices/$edu/driver_override"
echo "$edu" > /sys/bus/pci/drivers/vfio-meta/bind
check "the VFIO driver's bind takes the device whose override names it" is_bound "$edu" vfio-meta
check "the VFIO driver's bind refuses the twin without an override" \
	fails_with ENODEV /sys/bus/pci/drivers/vfio-meta/bind "$edu_twin"
echo "$edu" > /sys/bus/pci/drivers/vfio-meta/unbind
echo > "/sys/bus/pci/devices/$edu/driver_override"
check "the VFIO driver's unbind lets a device go" is_bound "$edu" none

unload_overdrive
finish
