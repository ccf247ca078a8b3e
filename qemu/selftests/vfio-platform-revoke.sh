#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Devices are taken away from users who have them open, mapped and interrupting; users are killed.
#
# Machines: microvm microvm-acpi virt
# Timeout: 120

. ./lib.sh
. ./devices.sh
. ./vfio.sh

load_overdrive platform_driver=vfio-meta-platform reset_required=0
allow_noiommu

devices=$(virtio_mmio_devices 4 | sed -n 1p)
# Their registers have pages of their own.
for device in PNP0D10:00 fff51000.ethernet; do
	[ ! -e "/sys/bus/platform/devices/$device" ] || devices="$devices $device"
done
plan $(($(echo "$devices" | wc -w) * 2))

for device in $devices; do
	check "$device is handed over before it is taken away" hand_over "$device" vfio-meta-platform
	check "$device is taken away" \
		subtest vfio-revoke platform "$device" vfio-meta-platform overdrive
	give_back "$device"
done

unload_overdrive
finish
