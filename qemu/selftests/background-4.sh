#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The commands of "RFC: (re-)binding the VFIO platform driver to a platform device" (2013), with
# 101e0000.rtc and 12ce0000.i2c: unbind and bind, and above all the one write that it asks for, "so
# that we can achieve the re-bind (unbind + bind) as an atomic operation". There it was to be
# driver/driver_name; it is overdrive/rebind.
#
# Machines: microvm virt
# Timeout: 180

. ./lib.sh
. ./devices.sh
. ./overdrive.sh

load_overdrive
allow_noiommu
D=$(virtio_mmio_devices 4 | head -n 1)
[ -n "$D" ] || skip_all "no virtio-mmio device"
standard=$(bound_driver "$D")
plan 7

# "one can currently rebind the same device to the same driver like so"
echo "$D" > "/sys/bus/platform/drivers/$standard/$D/driver/unbind"
check "a platform device can be unbound by hand" is_bound "$D" none
echo "$D" > "/sys/bus/platform/drivers/$standard/bind"
check "an unbound platform device can be bound to its driver by hand" is_bound "$D" "$standard"

# "And one can bind it to the vfio-dt driver [...] Then this would work". Only for a device that is
# meant to: the driver binds to nothing else.
echo "$D" > "/sys/bus/platform/drivers/$standard/$D/driver/unbind"
check_fails "vfio-platform's bind refuses a device without an override" \
	sh -c "echo '$D' > /sys/bus/platform/drivers/vfio-platform/bind" 2>/dev/null
echo vfio-platform > "/sys/bus/platform/devices/$D/driver_override"
echo "$D" > /sys/bus/platform/drivers/vfio-platform/bind
check "vfio-platform's bind takes a device whose override names it" is_bound "$D" vfio-platform
echo > "/sys/bus/platform/devices/$D/driver_override"
echo "$D" > "/sys/bus/platform/drivers/vfio-platform/unbind"
echo "$D" > "/sys/bus/platform/drivers/$standard/bind"
check "a platform device can be bound by hand to its standard driver again" is_bound "$D" "$standard"

# echo "vfio-platform" > .../101e0000.rtc/driver/driver_name
echo "vfio-platform" > "/sys/bus/platform/devices/$D/overdrive/rebind"
check "one write gives a platform device to vfio-platform" is_as "$D" vfio-platform vfio-platform
echo > "/sys/bus/platform/devices/$D/overdrive/rebind"
check "one write gives a platform device back to its standard driver" is_as "$D" "$standard" "(null)"
unload_overdrive
finish
