#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The two ways around driver_override lead nowhere: a dynamic PCI ID, and a platform device that has
# the driver's name.

. "$(dirname "$0")/lib.sh"

ktap_print_header
ktap_set_plan 9

edu=$(pci_devices 1234 11e8 | head -n 1)
if [ -n "$edu" ]; then
	load_overdrive
	echo 1234 11e8 > /sys/bus/pci/drivers/vfio-meta/new_id
	ktap_test_result "a dynamic ID binds no device" is_bound pci "$edu" -
	ktap_test_result "nor does bind, with a dynamic ID" \
		fails_with ENODEV /sys/bus/pci/drivers/vfio-meta/bind "$edu"
	echo "$edu" > /sys/bus/pci/drivers_probe
	ktap_test_result "nor does drivers_probe, with a dynamic ID" is_bound pci "$edu" -
	echo vfio-meta > "/sys/bus/pci/devices/$edu/driver_override"
	echo "$edu" > /sys/bus/pci/drivers_probe
	ktap_test_result "the override still works beside a dynamic ID" is_bound pci "$edu" vfio-meta
	echo > "/sys/bus/pci/devices/$edu/driver_override"
	echo "$edu" > /sys/bus/pci/drivers/vfio-meta/unbind
	echo 1234 11e8 > /sys/bus/pci/drivers/vfio-meta/remove_id
	unload_overdrive
else
	for name in "a dynamic ID binds no device" "nor does bind, with a dynamic ID" \
		"nor does drivers_probe, with a dynamic ID" \
		"the override still works beside a dynamic ID"; do
		ktap_test_skip "$name (no edu device)"
	done
fi

# A platform device that no driver has, whose name the driver can be given.
device=$(free_platform_device)
if [ -n "$device" ]; then
	allow_noiommu
	load_overdrive "platform_driver=$device"
	ktap_test_result "the driver has the device's name" test -d "/sys/bus/platform/drivers/$device"
	ktap_test_result "registering it bound nothing" is_bound platform "$device" -
	echo "$device" > /sys/bus/platform/drivers_probe
	ktap_test_result "nor does drivers_probe" is_bound platform "$device" -
	ktap_test_result "nor does bind" \
		fails_with ENODEV "/sys/bus/platform/drivers/$device/bind" "$device"
	unload_overdrive
	ktap_test_result "the device is as before" is_bound platform "$device" -
else
	for name in "the driver has the device's name" "registering it bound nothing" \
		"nor does drivers_probe" "nor does bind" "the device is as before"; do
		ktap_test_skip "$name (no platform device without a driver)"
	done
fi
ktap_finished
