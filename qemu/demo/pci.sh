#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Hands PCI devices to the meta driver and back, with nothing but driver_override.

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

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
	say "A driver in userspace: registers, interrupts and DMA behind the IOMMU, all through VFIO"
	run "overdrive-edu $1 cdev variant"
}

# round_trip DEVICE [FUNCTION]: to the meta driver, back to the standard driver, both by three writes; FUNCTION is
# called in between.
round_trip() {
	device=$1
	standard=$(driver_of pci "$device")

	say "$device: from $standard to $META"
	run "echo $META > /sys/bus/pci/devices/$device/driver_override"
	[ "$standard" = - ] ||
		run "echo $device > /sys/bus/pci/devices/$device/driver/unbind"
	run "echo $device > /sys/bus/pci/drivers_probe"
	expect pci "$device" $META
	# shellcheck disable=SC2086 # a list of words
	table pci $devices
	[ -z "${2:-}" ] || "$2" "$device"

	say "$device: back to $standard"
	run "echo > /sys/bus/pci/devices/$device/driver_override"
	run "echo $device > /sys/bus/pci/devices/$device/driver/unbind"
	run "echo $device > /sys/bus/pci/drivers_probe"
	expect pci "$device" "$standard"
}

edu=$(of_id 0x1234 0x11e8)
e1000e=$(of_id 0x8086 0x10d3)
nvme=$(of_id 0x1b36 0x0010)
virtio=$(of_id 0x1af4 0x1041)
devices="$edu $e1000e $nvme $virtio"

say "PCI devices in a q35 machine, behind an Intel IOMMU"
# shellcheck disable=SC2086
table pci $devices

run "modprobe overdrive"
round_trip "$(echo "$edu" | head -n 1)" drive_edu
for device in $(echo "$e1000e" | head -n 1) $nvme $virtio; do
	round_trip "$device"
done

say "The second e1000e has the same ID as the first. Nothing happened to it:"
twin=$(echo "$e1000e" | tail -n 1)
expect pci "$twin" e1000e
table pci "$twin"

say "An override that no driver is named like keeps a device free: none"
run "echo none > /sys/bus/pci/devices/$twin/driver_override"
run "echo $twin > /sys/bus/pci/devices/$twin/driver/unbind"
run "echo $twin > /sys/bus/pci/drivers_probe"
expect pci "$twin" -
table pci "$twin"
run "echo > /sys/bus/pci/devices/$twin/driver_override"
run "echo $twin > /sys/bus/pci/drivers_probe"
expect pci "$twin" e1000e

say "After all that:"
# shellcheck disable=SC2086
table pci $devices
finish
