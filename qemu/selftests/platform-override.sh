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

check "the standard driver has the device" is_bound "$device" virtio-mmio
check "and its twin" is_bound "$twin" virtio-mmio

echo vfio-platform > "/sys/bus/platform/devices/$device/driver_override"
echo "$device" > "/sys/bus/platform/devices/$device/driver/unbind"
echo "$device" > /sys/bus/platform/drivers_probe
check "override, unbind, probe: the meta driver has the device" \
	is_bound "$device" vfio-platform
check "the identical device keeps its driver" is_bound "$twin" virtio-mmio

echo > "/sys/bus/platform/devices/$device/driver_override"
echo "$device" > "/sys/bus/platform/devices/$device/driver/unbind"
echo "$device" > /sys/bus/platform/drivers_probe
check "clear, unbind, probe: the standard driver is back" \
	is_bound "$device" virtio-mmio

echo none > "/sys/bus/platform/devices/$device/driver_override"
echo "$device" > "/sys/bus/platform/devices/$device/driver/unbind"
echo "$device" > /sys/bus/platform/drivers_probe
check "none keeps the device without a driver" is_bound "$device" none
check "the meta driver refuses a device whose override is none" \
	fails_with ENODEV /sys/bus/platform/drivers/vfio-platform/bind "$device"

echo no-such-driver > "/sys/bus/platform/devices/$device/driver_override"
echo "$device" > /sys/bus/platform/drivers_probe
check "a name that no driver has binds nothing" is_bound "$device" none

echo > "/sys/bus/platform/devices/$device/driver_override"
check "without an override the meta driver refuses the device" \
	fails_with ENODEV /sys/bus/platform/drivers/vfio-platform/bind "$device"
echo "$device" > /sys/bus/platform/drivers_probe
check "and the standard driver takes it" is_bound "$device" virtio-mmio
check "the twin was never touched" is_bound "$twin" virtio-mmio

unload_overdrive
finish
