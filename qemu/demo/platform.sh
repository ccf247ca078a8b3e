#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Hands platform devices to the meta driver and back, with nothing but driver_override.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

META=vfio-platform

describe() {
	for virtio in "/sys/bus/platform/devices/$1"/virtio*; do
		case $(cat "$virtio/device" 2>/dev/null) in
		0x0001) echo "virtio-mmio (network)" ;;
		0x0002) echo "virtio-mmio (disk)" ;;
		0x0003) echo "virtio-mmio (console)" ;;
		0x0004) echo "virtio-mmio (random numbers)" ;;
		*) echo "virtio-mmio" ;;
		esac
	done
}

devices=
rng=
for path in /sys/bus/platform/drivers/virtio-mmio/*/virtio*; do
	device=$(basename "$(dirname "$path")")
	devices="$devices $device"
	case $(describe "$device") in
	*random*) rng="$rng $device" ;;
	esac
done
# shellcheck disable=SC2086 # a list of words
set -- $rng
device=$1
twin=$2

say "Platform devices in a $OVERDRIVE_MACHINE machine, which are behind no IOMMU."
# shellcheck disable=SC2086
table platform $devices

run "modprobe overdrive"
say "Without an IOMMU a device reaches all memory: VFIO hands it out only with the administrator's word."
run "echo 1 > /sys/module/vfio/parameters/enable_unsafe_noiommu_mode"

step "$device, $(describe "$device"): from virtio-mmio to $META" \
	"A driver in userspace then uses registers, a virtqueue and interrupts, all through VFIO, and reads a megabyte." \
	"Expected: $META has $device. $twin is of the same kind, and keeps virtio-mmio."
run "echo $META > /sys/bus/platform/devices/$device/driver_override"
run "echo $device > /sys/bus/platform/devices/$device/driver/unbind"
run "echo $device > /sys/bus/platform/drivers_probe"
expect platform "$device" $META
expect platform "$twin" virtio-mmio
run "virtio-rng-vfio $device 1048576"

step "$device: back to virtio-mmio" "Expected: virtio-mmio has it."
run "echo > /sys/bus/platform/devices/$device/driver_override"
run "echo $device > /sys/bus/platform/devices/$device/driver/unbind"
run "echo $device > /sys/bus/platform/drivers_probe"
expect platform "$device" virtio-mmio

step "An override that no driver is named like keeps a device free: none" \
	"Expected: $twin has no driver, then virtio-mmio again."
run "echo none > /sys/bus/platform/devices/$twin/driver_override"
run "echo $twin > /sys/bus/platform/devices/$twin/driver/unbind"
run "echo $twin > /sys/bus/platform/drivers_probe"
expect platform "$twin" -
run "echo > /sys/bus/platform/devices/$twin/driver_override"
run "echo $twin > /sys/bus/platform/drivers_probe"
expect platform "$twin" virtio-mmio

say "After all that, every device has the driver that it had at first:"
# shellcheck disable=SC2086
table platform $devices
finish
