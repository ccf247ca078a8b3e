#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Hands PCI devices to the meta driver and back with nothing but driver_override, and then shows what the command adds.

here=$(dirname "$0")
# shellcheck source=lib.sh
. "$here/lib.sh"

META=vfio-meta

describe() {
	case $(cat "/sys/bus/pci/devices/$1/vendor" "/sys/bus/pci/devices/$1/device" | tr '\n' :) in
	0x1234:0x11e8:) echo "edu (QEMU's teaching device)" ;;
	0x8086:0x10d3:) echo "e1000e (network)" ;;
	0x1b36:0x0010:) echo "nvme (disk)" ;;
	0x1af4:*) echo "virtio" ;;
	*) echo "?" ;;
	esac
}

# of_id VENDOR DEVICE: the addresses of all devices with this ID.
of_id() {
	for dir in /sys/bus/pci/devices/*; do
		[ "$(cat "$dir/vendor"):$(cat "$dir/device")" = "$1:$2" ] && basename "$dir"
	done
}

# drive_edu DEVICE: a driver in userspace has its turn.
# shellcheck disable=SC2317 # called by round_trip
drive_edu() {
	say "   A driver in userspace: registers, interrupts and DMA behind the IOMMU, all through VFIO."
	run "overdrive-edu $1 cdev variant"
}

# round_trip DEVICE [FUNCTION]: to the meta driver, back to the standard driver, both by three writes; FUNCTION is
# called in between.
round_trip() {
	device=$1
	standard=$(driver_of pci "$device")

	step "$device, $(describe "$device"): from $(driver_name "$standard") to $META, and back" \
		"Expected: $META has it, then $(driver_name "$standard") again."
	run "echo $META > /sys/bus/pci/devices/$device/driver_override"
	[ "$standard" = - ] ||
		run "echo $device > /sys/bus/pci/devices/$device/driver/unbind"
	run "echo $device > /sys/bus/pci/drivers_probe"
	expect pci "$device" $META
	[ -z "${2:-}" ] || "$2" "$device"

	run "echo > /sys/bus/pci/devices/$device/driver_override"
	run "echo $device > /sys/bus/pci/devices/$device/driver/unbind"
	run "echo $device > /sys/bus/pci/drivers_probe"
	expect pci "$device" "$standard"
}

edu=$(of_id 0x1234 0x11e8 | head -n 1)
edu_twin=$(of_id 0x1234 0x11e8 | sed -n 2p)
nic=$(of_id 0x8086 0x10d3 | head -n 1)
twin=$(of_id 0x8086 0x10d3 | sed -n 2p)
nvme=$(of_id 0x1b36 0x0010)
virtio=$(of_id 0x1af4 0x1041)
devices="$edu $edu_twin $nic $twin $nvme $virtio"

say "PCI devices in a q35 machine, behind an Intel IOMMU. What follows gives them to other drivers and back."
# shellcheck disable=SC2086 # a list of words
table pci $devices

say "First with nothing but the kernel's own files. The module has no commands to learn:"
run "modprobe overdrive"
round_trip "$edu" drive_edu
for device in $nic $nvme $virtio; do
	round_trip "$device"
done
step "$twin has the same ID as $nic" \
	"A driver that is told an ID (new_id) would have got both." \
	"Expected: nothing happened to it."
expect pci "$twin" e1000e

step "An override that no driver is named like keeps a device free: none" \
	"Expected: $twin has no driver, then e1000e again."
run "echo none > /sys/bus/pci/devices/$twin/driver_override"
run "echo $twin > /sys/bus/pci/devices/$twin/driver/unbind"
run "echo $twin > /sys/bus/pci/drivers_probe"
expect pci "$twin" -
run "echo > /sys/bus/pci/devices/$twin/driver_override"
run "echo $twin > /sys/bus/pci/drivers_probe"
expect pci "$twin" e1000e

# shellcheck source=command.sh
. "$here/command.sh"

say "After all that, every device has the driver that it had at first:"
# shellcheck disable=SC2086 # a list of words
table pci $devices
finish
