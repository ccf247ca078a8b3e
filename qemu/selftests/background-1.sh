#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The commands of "PCI: Introduce new device binding path using pci_dev.driver_override" (2014), with
# 0000:03:00.0 and pci-stub, and with our driver.
#
# Machines: q35 virt
# Timeout: 180

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

D=$(any_nic)
[ -n "$D" ] || skip_all "no network card with a driver"
standard=$(bound_driver "$D")
modprobe pci-stub 2>/dev/null
load_overdrive
plan 7

for driver in pci-stub vfio-meta; do
	if [ ! -d /sys/bus/pci/drivers/$driver ]; then
		skip "$driver has the NIC by override, unbind and probe" "the kernel has no $driver"
		skip "the NIC has its standard driver after $driver" "the kernel has no $driver"
		continue
	fi
	echo $driver > "/sys/bus/pci/devices/$D/driver_override"
	echo "$D" > "/sys/bus/pci/devices/$D/driver/unbind"
	echo "$D" > /sys/bus/pci/drivers_probe
	check "$driver has the NIC by override, unbind and probe" is_bound "$D" $driver

	echo > "/sys/bus/pci/devices/$D/driver_override"
	echo "$D" > "/sys/bus/pci/devices/$D/driver/unbind"
	echo "$D" > /sys/bus/pci/drivers_probe
	check "the NIC has its standard driver after $driver" is_bound "$D" "$standard"
done

# "we can specify a driver override to force a specific binding or prevent any binding"
echo none > "/sys/bus/pci/devices/$D/driver_override"
echo "$D" > "/sys/bus/pci/devices/$D/driver/unbind"
echo "$D" > /sys/bus/pci/drivers_probe
check "an override of none prevents any binding of the NIC" is_bound "$D" none

# The better form: the same in one write each, which fails where the three would leave a mess.
rebind "$D" vfio-meta
check "one write gives the NIC to the VFIO driver" is_as "$D" vfio-meta vfio-meta
rebind "$D" ""
check "one write gives the NIC back to its standard driver" is_as "$D" "$standard" "(null)"
unload_overdrive
finish
