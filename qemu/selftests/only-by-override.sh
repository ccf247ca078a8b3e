#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The two ways around driver_override lead nowhere: a dynamic PCI ID, and a platform device that has
# the driver's name.
#
# Machines: q35 microvm virt

. ./lib.sh
. ./devices.sh

plan 9

edu=$(pci_devices 1234:11e8 | head -n 1)
if [ -n "$edu" ]; then
	load_overdrive
	echo 1234 11e8 > /sys/bus/pci/drivers/vfio-meta/new_id
	check "a dynamic ID binds no device" is_bound "$edu" none
	check "bind takes no device that only a dynamic ID names" \
		fails_with ENODEV /sys/bus/pci/drivers/vfio-meta/bind "$edu"
	echo "$edu" > /sys/bus/pci/drivers_probe
	check "drivers_probe binds no device that only a dynamic ID names" is_bound "$edu" none
	echo vfio-meta > "/sys/bus/pci/devices/$edu/driver_override"
	echo "$edu" > /sys/bus/pci/drivers_probe
	check "an override works beside a dynamic ID" is_bound "$edu" vfio-meta
	echo > "/sys/bus/pci/devices/$edu/driver_override"
	echo "$edu" > /sys/bus/pci/drivers/vfio-meta/unbind
	echo 1234 11e8 > /sys/bus/pci/drivers/vfio-meta/remove_id
	unload_overdrive
else
	for name in "a dynamic ID binds no device" "bind takes no device that only a dynamic ID names" \
		"drivers_probe binds no device that only a dynamic ID names" \
		"an override works beside a dynamic ID"; do
		skip "$name" "no edu device"
	done
fi

# A platform device that no driver has, whose name the driver can be given.
device=$(free_platform_device)
if [ -n "$device" ]; then
	allow_noiommu
	load_overdrive "platform_driver=$device"
	check "a platform driver can have a device's name" test -d "/sys/bus/platform/drivers/$device"
	check "registering a platform driver with a device's name binds nothing" is_bound "$device" none
	echo "$device" > /sys/bus/platform/drivers_probe
	check "drivers_probe binds no device that has the driver's name" is_bound "$device" none
	check "bind takes no device that has the driver's name" \
		fails_with ENODEV "/sys/bus/platform/drivers/$device/bind" "$device"
	unload_overdrive
	check "a device that has the driver's name is as before" is_bound "$device" none
else
	for name in "a platform driver can have a device's name" \
		"registering a platform driver with a device's name binds nothing" \
		"drivers_probe binds no device that has the driver's name" \
		"bind takes no device that has the driver's name" \
		"a device that has the driver's name is as before"; do
		skip "$name" "no platform device without a driver"
	done
fi
finish
