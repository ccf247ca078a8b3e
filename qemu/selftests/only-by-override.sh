#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The two ways around driver_override lead nowhere: a dynamic PCI ID, and a platform device that has
# the driver's name.
#
# Machines: q35 microvm virt

. ./lib.sh
. ./devices.sh

edu=$(pci_devices 1234:11e8 | head -n 1)
device=$(free_platform_device)
[ -n "$device" ] || skip_all "no platform device without a driver"
# A machine without PCI has no edu device.
plan $((5 + 4 * $(echo "$edu" | wc -w)))

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
fi

# A platform device that no driver has, whose name the driver can be given.
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
finish
