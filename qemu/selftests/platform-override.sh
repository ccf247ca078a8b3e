#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Platform devices go to the meta driver and back by their override alone.
#
# Machines: microvm

. "$(dirname "$0")/lib.sh"

# Two of a kind, and neither the console nor the channels of the harness.
set -- $(virtio_mmio_devices 4)
device=${1:-} twin=${2:-}

ktap_print_header
[ -n "$twin" ] || skip_all "needs two virtio-mmio random number generators"
load_overdrive
allow_noiommu
ktap_set_plan 10

is_bound platform "$device" virtio-mmio && is_bound platform "$twin" virtio-mmio
ktap_test_result "the standard driver has both devices" test $? -eq 0

echo vfio-platform > "/sys/bus/platform/devices/$device/driver_override"
echo "$device" > "/sys/bus/platform/devices/$device/driver/unbind"
echo "$device" > /sys/bus/platform/drivers_probe
ktap_test_result "override, unbind, probe: the meta driver has the device" \
	is_bound platform "$device" vfio-platform
ktap_test_result "the identical device keeps its driver" is_bound platform "$twin" virtio-mmio

echo > "/sys/bus/platform/devices/$device/driver_override"
echo "$device" > "/sys/bus/platform/devices/$device/driver/unbind"
echo "$device" > /sys/bus/platform/drivers_probe
ktap_test_result "clear, unbind, probe: the standard driver is back" \
	is_bound platform "$device" virtio-mmio

echo none > "/sys/bus/platform/devices/$device/driver_override"
echo "$device" > "/sys/bus/platform/devices/$device/driver/unbind"
echo "$device" > /sys/bus/platform/drivers_probe
ktap_test_result "none keeps the device without a driver" is_bound platform "$device" -
ktap_test_result "the meta driver refuses a device whose override is none" \
	fails_with ENODEV /sys/bus/platform/drivers/vfio-platform/bind "$device"

echo no-such-driver > "/sys/bus/platform/devices/$device/driver_override"
echo "$device" > /sys/bus/platform/drivers_probe
ktap_test_result "a name that no driver has binds nothing" is_bound platform "$device" -

echo > "/sys/bus/platform/devices/$device/driver_override"
ktap_test_result "without an override the meta driver refuses the device" \
	fails_with ENODEV /sys/bus/platform/drivers/vfio-platform/bind "$device"
echo "$device" > /sys/bus/platform/drivers_probe
ktap_test_result "and the standard driver takes it" is_bound platform "$device" virtio-mmio
ktap_test_result "the twin was never touched" is_bound platform "$twin" virtio-mmio

unload_overdrive
ktap_finished
