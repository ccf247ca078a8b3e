#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The commands of "Re: [RFC PATCH] PCI: Introduce new device binding path" (2014), which carries the
# override over to platform devices, with fff51000.ethernet; and of the patch that it answers.
#
# Machines: q35 microvm virt
# Timeout: 180

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

load_overdrive
allow_noiommu

# What this machine has.
D=$(virtio_mmio_devices 4 | head -n 1)
E=fff51000.ethernet
[ -e /sys/bus/platform/devices/$E ] || E=
P=$(any_nic)
[ -z "$P" ] || standard=$(bound_driver "$P")
plan $((1 + 2 * $(echo "$D" "$E" "$P" | wc -w)))

if [ -n "$D" ]; then
	echo vfio-platform > "/sys/bus/platform/devices/$D/driver_override"
	echo "$D" > "/sys/bus/platform/devices/$D/driver/unbind"
	echo "$D" > /sys/bus/platform/drivers_probe
	check "vfio-platform has a platform device by override, unbind and probe" is_bound "$D" vfio-platform
	echo > "/sys/bus/platform/devices/$D/driver_override"
	echo "$D" > "/sys/bus/platform/devices/$D/driver/unbind"
	echo "$D" > /sys/bus/platform/drivers_probe
	check "a platform device has its standard driver again" is_bound "$D" virtio-mmio
fi

if [ -n "$E" ]; then
	echo vfio-platform > /sys/bus/platform/devices/fff51000.ethernet/driver_override
	echo fff51000.ethernet > /sys/bus/platform/devices/fff51000.ethernet/driver/unbind
	echo fff51000.ethernet > /sys/bus/platform/drivers_probe
	check "vfio-platform has fff51000.ethernet by override, unbind and probe" \
		is_bound fff51000.ethernet vfio-platform
	echo > /sys/bus/platform/devices/fff51000.ethernet/driver_override
	echo fff51000.ethernet > /sys/bus/platform/devices/fff51000.ethernet/driver/unbind
	echo fff51000.ethernet > /sys/bus/platform/drivers_probe
	check "fff51000.ethernet has its standard driver again" is_bound fff51000.ethernet calxedaxgmac
fi

if [ -n "$P" ]; then
	echo vfio-meta > "/sys/bus/pci/devices/$P/driver_override"
	echo "$P" > "/sys/bus/pci/devices/$P/driver/unbind"
	echo "$P" > /sys/bus/pci/drivers_probe
	check "the same commands give a PCI device to the VFIO driver" is_bound "$P" vfio-meta
	# The document calls the file preferred_driver in one place; it is driver_override.
	echo > "/sys/bus/pci/devices/$P/driver_override"
	echo "$P" > "/sys/bus/pci/devices/$P/driver/unbind"
	echo "$P" > /sys/bus/pci/drivers_probe
	check "the same commands give a PCI device back" is_bound "$P" "$standard"
fi

# "a way that this can be done in a bus-independant way": rebind is the same on both.
for device in $D $P; do
	standard=$(bound_driver "$device")
	rebind "$device" none && is_bound "$device" none && rebind "$device" "" &&
		is_bound "$device" "$standard" || bad="${bad:-} $device"
done
check "one write moves a device on either bus and back" is "${bad:-}" ""
unload_overdrive
finish
