#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Platform devices go to the meta driver and back by their override alone.
#
# Machines: microvm virt

. ./lib.sh
. ./devices.sh

# Two of a kind, and neither the console nor the channels of the harness.
device=$(virtio_mmio_devices 4 | sed -n 1p)
twin=$(virtio_mmio_devices 4 | sed -n 2p)

[ -n "$twin" ] || skip_all "needs two virtio-mmio random number generators"
load_overdrive
allow_noiommu
plan 11

check "the standard driver has a platform device at first" is_bound "$device" virtio-mmio
check "the standard driver has the identical platform device at first" is_bound "$twin" virtio-mmio

echo vfio-platform > "/sys/bus/platform/devices/$device/driver_override"
echo "$device" > "/sys/bus/platform/devices/$device/driver/unbind"
echo "$device" > /sys/bus/platform/drivers_probe
check "override, unbind and probe give a platform device to the VFIO driver" \
	is_bound "$device" vfio-platform
check "a platform device keeps its driver when its twin is given away" is_bound "$twin" virtio-mmio

echo > "/sys/bus/platform/devices/$device/driver_override"
echo "$device" > "/sys/bus/platform/devices/$device/driver/unbind"
echo "$device" > /sys/bus/platform/drivers_probe
check "clear, unbind and probe give a platform device back" \
	is_bound "$device" virtio-mmio

echo none > "/sys/bus/platform/devices/$device/driver_override"
echo "$device" > "/sys/bus/platform/devices/$device/driver/unbind"
echo "$device" > /sys/bus/platform/drivers_probe
check "an override of none keeps a platform device without a driver" is_bound "$device" none
check "the VFIO driver refuses a platform device whose override is none" \
	fails_with ENODEV /sys/bus/platform/drivers/vfio-platform/bind "$device"

echo no-such-driver > "/sys/bus/platform/devices/$device/driver_override"
echo "$device" > /sys/bus/platform/drivers_probe
check "a name that no driver has binds no platform device" is_bound "$device" none

echo > "/sys/bus/platform/devices/$device/driver_override"
check "the VFIO driver refuses a platform device without an override" \
	fails_with ENODEV /sys/bus/platform/drivers/vfio-platform/bind "$device"
echo "$device" > /sys/bus/platform/drivers_probe
check "the standard driver takes a platform device without an override" is_bound "$device" virtio-mmio
check "the identical platform device was never touched" is_bound "$twin" virtio-mmio

unload_overdrive
finish
