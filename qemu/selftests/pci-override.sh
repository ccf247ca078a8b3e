#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# PCI devices go to the meta driver and back by their override alone, and only those that were
# named: a second device with the same ID stays where it is.
#
# Machines: q35

. "$(dirname "$0")/lib.sh"

# A device that has a standard driver, and its twin; a device that has none.
set -- $(pci_devices 8086 10d3)
nic=${1:-} twin=${2:-}
set -- $(pci_devices 1234 11e8)
edu=${1:-} edu_twin=${2:-}

ktap_print_header
[ -n "$twin" ] && [ -n "$edu_twin" ] || skip_all "needs two e1000e and two edu devices"
load_overdrive
ktap_set_plan 16

is_bound pci "$nic" e1000e && is_bound pci "$twin" e1000e
ktap_test_result "the standard driver has both network cards" test $? -eq 0

# The three writes of the commit that introduced driver_override.
echo vfio-meta > "/sys/bus/pci/devices/$nic/driver_override"
echo "$nic" > "/sys/bus/pci/devices/$nic/driver/unbind"
echo "$nic" > /sys/bus/pci/drivers_probe
ktap_test_result "override, unbind, probe: the meta driver has the device" is_bound pci "$nic" vfio-meta
ktap_test_result "the identical device keeps its driver" is_bound pci "$twin" e1000e

echo > "/sys/bus/pci/devices/$nic/driver_override"
ktap_test_result "clearing the override does not unbind" is_bound pci "$nic" vfio-meta
echo "$nic" > "/sys/bus/pci/devices/$nic/driver/unbind"
echo "$nic" > /sys/bus/pci/drivers_probe
ktap_test_result "clear, unbind, probe: the standard driver is back" is_bound pci "$nic" e1000e

echo none > "/sys/bus/pci/devices/$nic/driver_override"
echo "$nic" > "/sys/bus/pci/devices/$nic/driver/unbind"
echo "$nic" > /sys/bus/pci/drivers_probe
ktap_test_result "none keeps the device without a driver" is_bound pci "$nic" -
ktap_test_result "the meta driver refuses a device whose override is none" \
	fails_with ENODEV /sys/bus/pci/drivers/vfio-meta/bind "$nic"
ktap_test_result "so does the standard driver" \
	fails_with ENODEV /sys/bus/pci/drivers/e1000e/bind "$nic"

echo no-such-driver > "/sys/bus/pci/devices/$nic/driver_override"
echo "$nic" > /sys/bus/pci/drivers_probe
ktap_test_result "a name that no driver has binds nothing" is_bound pci "$nic" -

echo vfio-met > "/sys/bus/pci/devices/$nic/driver_override"
echo "$nic" > /sys/bus/pci/drivers_probe
ktap_test_result "the beginning of a driver's name is not its name" is_bound pci "$nic" -

echo > "/sys/bus/pci/devices/$nic/driver_override"
ktap_test_result "without an override the meta driver refuses the device" \
	fails_with ENODEV /sys/bus/pci/drivers/vfio-meta/bind "$nic"
echo "$nic" > /sys/bus/pci/drivers_probe
ktap_test_result "and the standard driver takes it" is_bound pci "$nic" e1000e

# A device that no driver wants.
ktap_test_result "edu has no standard driver" is_bound pci "$edu" -
echo vfio-meta > "/sys/bus/pci/devices/$edu/driver_override"
echo "$edu" > /sys/bus/pci/drivers/vfio-meta/bind
ktap_test_result "bind takes the device that is named" is_bound pci "$edu" vfio-meta
ktap_test_result "but not its twin" fails_with ENODEV /sys/bus/pci/drivers/vfio-meta/bind "$edu_twin"
echo "$edu" > /sys/bus/pci/drivers/vfio-meta/unbind
echo > "/sys/bus/pci/devices/$edu/driver_override"
ktap_test_result "unbind lets it go" is_bound pci "$edu" -

unload_overdrive
ktap_finished
